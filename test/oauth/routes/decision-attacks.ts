import type { FastifyInstance } from 'fastify'
import t from 'tap'
import { memoryStore } from '../../../plugin/stores/memory.ts'
import { SECRET, createUsers } from '../../fixtures/app.ts'
import { AUDIENCE, ISSUER } from '../../fixtures/oauth/authorization-server.ts'
import { CORE, codeOf, openConsentPage } from '../../fixtures/oauth/consent-page.ts'
import { LOOPBACK_CALLBACK, PRINTER } from '../../fixtures/oauth/server.ts'
import { accessClaims, refreshClaims, sign } from '../../fixtures/tokens/jwt.ts'

t.test('decision: needs a good token of a user', async t => {
  const { ask, decide, login, post, app } = await openConsentPage(t)
  const text = await ask()
  const { access, refresh } = await login()
  for (const token of [undefined, 'bad', refresh, text]) {
    t.equal((await decide(text, token)).statusCode, 401)
  }
  t.equal((await decide(text, access, {}, {
    headers: { authorization: '', cookie: `__Host-refresh=${refresh}` }
  })).statusCode, 401)
  await post('/api/token/blacklist/', { refresh })
  for (const allow of [true, false]) {
    t.equal((await decide(text, access, { allow })).statusCode, 401, 'a revoked login')
  }
  t.same(await app.tokens.sessions(1), [])
})

t.test('decision: a hook of the host that changes request.user changes no decision', async t => {
  const { ask, details, login, connect, app } = await openConsentPage(t)
  app.addHook('preHandler', async request => {
    if (request.user) Object.assign(request, { user: { user_id: '3' } })
  })
  await app.ready()
  const { access } = await login()
  t.ok(await connect(access))
  t.equal((await app.tokens.sessions(1)).length, 2)
  t.same(await app.tokens.sessions(3), [])
  t.equal((await details(await ask(), access)).json().asks, false)
})

t.test('decision: counts each request by address', async t => {
  const { ask, decide, details, login } = await openConsentPage(t, {
    core: { rateLimit: {} }, oauth: { rateLimit: 3 }
  })
  const text = await ask()
  t.equal((await details(text)).statusCode, 200)
  t.equal((await decide(text, 'bad')).statusCode, 401)
  const { access } = await login()
  const replies = [await details(text), await decide(text, access)]
  for (const { statusCode, headers } of replies) {
    t.equal(statusCode, 429)
    t.ok(headers['retry-after'])
  }
})

t.test('decision: a store that is away answers 503, and starts no session', async t => {
  const store = memoryStore()
  const { ask, decide, details, login, exchange } = await openConsentPage(t, {
    core: { store, revocation: 'off' }
  })
  const { access } = await login()
  const text = await ask()
  const { find, create, list } = store
  const away = async (): Promise<never> => { throw new Error('no store') }
  for (const broken of [{ find: away }, { create: away }]) {
    Object.assign(store, broken)
    const reply = await decide(text, access)
    t.equal(reply.statusCode, 503)
    t.equal(reply.json().code, 'store_unavailable')
    Object.assign(store, { find, create })
    t.equal((await list('1', 0)).length, 1)
  }
  store.list = away
  t.equal((await details(text, access)).statusCode, 503)
  t.equal((await details(text)).statusCode, 200, 'a visitor needs no store')
  const reply = await decide(text, access)
  t.equal((await exchange(codeOf(reply))).statusCode, 200, 'the text is still good')
})

t.test('decision: a client that changes its mind about a URI gets no answer there', async t => {
  const client = { ...PRINTER }
  const { ask, decide, details, login } = await openConsentPage(t, {
    oauth: { clients: undefined, findClient: id => id === client.id ? client : null }
  })
  const text = await ask()
  const { access } = await login()
  client.redirectUris = [LOOPBACK_CALLBACK]
  for (const reply of [
    await details(text), await decide(text, access), await decide(text, access, { allow: false })
  ]) {
    t.equal(reply.statusCode, 400)
    t.equal(reply.json().code, 'authorization_not_valid')
  }
})

t.test('decision: an app cannot allow another app, nor deny it', async t => {
  const { ask, decide, details, login, connect, app } = await openConsentPage(t)
  const { access } = await login()
  const ofApp = await connect(access)
  const sessions = (await app.tokens.sessions(1)).length
  const text = await ask()
  for (const reply of [
    await details(text, ofApp), await decide(text, ofApp),
    await decide(text, ofApp, { allow: false })
  ]) {
    t.equal(reply.statusCode, 403)
    t.match(reply.headers['www-authenticate'], /error="insufficient_scope"/)
  }
  t.equal((await app.tokens.sessions(1)).length, sessions)
})

t.test('decision: a token of another server needs a login here', async t => {
  const secret = { algorithm: 'HS256', secret: SECRET } as const
  const { ask, decide, post, app } = await openConsentPage(t, {
    core: { keys: [...CORE.keys, secret], adoptRefreshTokens: true }
  })
  const shared = { iss: ISSUER, aud: AUDIENCE }
  const text = await ask()
  const foreign = await decide(text, sign(accessClaims(shared)))
  const { access } = (await post('/api/token/refresh/', {
    refresh: sign(refreshClaims(shared))
  })).json()
  for (const reply of [foreign, await decide(text, access)]) {
    t.equal(reply.statusCode, 403)
    t.equal(reply.json().code, 'login_required')
  }
  t.equal((await app.tokens.sessions(1)).length, 1)
  t.equal((await decide(text, access, { allow: false })).statusCode, 200)
})

t.test('decision: a logout everywhere during the decision leaves no code', async t => {
  const apps: FastifyInstance[] = []
  const { app, ask, decide, login } = await openConsentPage(t, {
    core: {
      findUser: async id => {
        await apps[0]?.tokens.revokeUser(id)
        return { id }
      }
    }
  })
  const { access } = await login()
  apps.push(app)
  const reply = await decide(await ask(), access)
  t.equal(reply.statusCode, 401)
  t.equal(reply.json().code, 'token_not_valid')
})

t.test('decision: a findUser that throws is a 500, and starts no session', async t => {
  const { ask, decide, login, app, events } = await openConsentPage(t, {
    core: { findUser: () => { throw new Error('no database') } }
  })
  const { access } = await login()
  t.equal((await decide(await ask(), access)).statusCode, 500)
  t.equal((await app.tokens.sessions(1)).length, 1)
  t.notOk(events.some(({ type }) => type === 'authorized'))
})

t.test('decision: a user who is disabled since the login is refused', async t => {
  const users = createUsers()
  const { ask, decide, login, app } = await openConsentPage(t, {
    core: { findUser: id => users.find(user => String(user.id) === id) ?? null }
  })
  const { access } = await login()
  Object.assign(users[0] as object, { isActive: false })
  const reply = await decide(await ask(), access)
  t.equal(reply.statusCode, 401)
  t.equal(reply.json().code, 'no_active_account')
  users.length = 0
  t.equal((await decide(await ask(), access)).statusCode, 401)
  t.equal((await app.tokens.sessions(1)).length, 1)
})
