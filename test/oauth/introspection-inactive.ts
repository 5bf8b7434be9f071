import t from 'tap'
import type { OAuthClient } from '../../plugin/oauth/index.ts'
import { memoryStore } from '../../plugin/stores/memory.ts'
import { DAY, MINUTE, SECOND } from '../fixtures/app.ts'
import { PHOTO_API, PRINTER, REPORT } from '../fixtures/oauth/server.ts'
import { buildTokenApp } from '../fixtures/oauth/token-app.ts'
import { introspect, photosStatus, tokenOfReport } from '../fixtures/oauth/token-management.ts'
import { decode } from '../fixtures/tokens/jwt.ts'
import { createPair, signAs } from '../fixtures/tokens/keys.ts'

const INACTIVE = { active: false }

t.test('introspection: refresh tokens, codes and bad tokens are inactive', async t => {
  const built = await buildTokenApp(t)
  const { app } = built
  const own = await built.login()
  const granted = await built.tokens()
  const code = await built.obtainCode()
  const { payload } = decode(granted.access_token)
  for (const [name, token] of Object.entries({
    'an own refresh token': own.refresh,
    'a refresh token of an app': granted.refresh_token,
    'a code': code,
    'no JWT': 'tGzv3JOkF0XG5Qx2TlKWIA',
    'a wrong signature': signAs('ES256', payload, {}, createPair('ES256').privateKey),
    'another issuer': signAs('ES256', { ...payload, iss: 'https://evil.example' }),
    'another audience': signAs('ES256', { ...payload, aud: 'https://evil.example' }),
    'another kind': signAs('ES256', { ...payload, token_type: 'id' }),
    'no kind': signAs('ES256', { ...payload, token_type: undefined }),
    'an unknown session': signAs('ES256', { ...payload, sid: 'x' }),
    'no client': signAs('ES256', { ...payload, client_id: null }),
    'no scope': signAs('ES256', { ...payload, scope: undefined }),
    'a scope that is no text': signAs('ES256', { ...payload, scope: ['photos:read'] })
  })) t.strictSame(await introspect(app, token), INACTIVE, name)
  t.match(await introspect(app, granted.access_token), { active: true })
  t.equal((await built.refresh(granted.refresh_token)).statusCode, 200, 'nothing is spent')
  t.equal((await built.exchange(code)).statusCode, 200)
})

t.test('introspection: a token is inactive from its expiry', async t => {
  const { app, clock, login, tokens } = await buildTokenApp(t)
  const all = [(await login()).access, (await tokens()).access_token, await tokenOfReport(app)]
  clock.advance(5 * MINUTE - SECOND)
  for (const token of all) t.match(await introspect(app, token), { active: true })
  clock.advance(SECOND)
  for (const token of all) t.strictSame(await introspect(app, token), INACTIVE)
})

t.test('introspection: asks the store, and not a list that may be too old', async t => {
  const store = memoryStore()
  for (const name of ['access', 'access_token'] as const) {
    // Each has a separate list of revocations. Nothing polls a store in memory.
    const { app, login, tokens } = await buildTokenApp(t, { store: { ...store } })
    const elsewhere = await buildTokenApp(t, { store: { ...store } })
    const all = { ...await login(), ...await tokens() }
    t.match(await introspect(app, all[name]), { active: true })
    await elsewhere.app.tokens.revokeUser(1)
    t.strictSame(await introspect(app, all[name]), INACTIVE, name)
  }
})

t.test('introspection: a revocation that it sees closes the guards too', async t => {
  const store = memoryStore()
  const { app, tokens } = await buildTokenApp(t, { store: { ...store } })
  const { access_token: access } = await tokens()
  await (await buildTokenApp(t, { store: { ...store } })).app.tokens.revokeUser(1)
  t.equal(await photosStatus(app, access), 200)
  await introspect(app, access)
  t.equal(await photosStatus(app, access), 401)
})

t.test('introspection: a session that has ended by itself is inactive', async t => {
  const built = await buildTokenApp(t)
  const { access_token: access } = await built.tokens()
  const [session] = await built.app.tokens.sessions(1)
  const { payload } = decode(access)
  const longer = signAs('ES256', { ...payload, exp: Number(payload.exp) + 200 * DAY / 1000 })
  built.clock.advance((session?.endsAt as number) - built.clock())
  t.strictSame(await introspect(built.app, longer), INACTIVE)
})

/** Answers of a host about a client that had all scopes when it got its token. */
const CLIENTS: [name: string, client: OAuthClient | null, scope: string | undefined][] = [
  ['gone', null, undefined],
  ['with fewer scopes', { ...PRINTER, id: 'database', scopes: ['photos:write'] }, 'photos:write'],
  ['without its scopes', { ...PRINTER, id: 'database', scopes: ['reports:write'] }, undefined],
  ['with more scopes', { ...PRINTER, id: 'database' }, 'photos:read photos:write']
]

t.test('introspection: the client must exist, and have a scope of the token', async t => {
  let client: OAuthClient | null = { ...PRINTER, id: 'database' }
  const { app, tokens } = await buildTokenApp(t, {}, {
    clients: [PHOTO_API, PRINTER, REPORT],
    findClient: async id => id === 'database' ? client : null
  })
  const { access_token: ofPrinter } = await tokens({ scope: 'photos:read photos:write' })
  const access = signAs('ES256', { ...decode(ofPrinter).payload, client_id: 'database' })
  const { payload } = decode(await tokenOfReport(app, { scope: 'photos:read photos:write' }))
  const ofClient = signAs('ES256', { ...payload, sub: 'database', client_id: 'database' })
  for (const [name, found, scope] of CLIENTS) {
    client = found
    for (const token of [access, ofClient]) {
      const answer = await introspect(app, token)
      if (scope === undefined) t.strictSame(answer, INACTIVE, name)
      else t.match(answer, { active: true, scope }, name)
    }
  }
})

t.test('introspection: a user who is gone or inactive has no active token', async t => {
  let user: object | null | undefined = { id: 1 }
  const asked: unknown[] = []
  const { app, login, tokens } = await buildTokenApp(t, {
    findUser: (id, request) => {
      asked.push(id, request?.url)
      return user as { id: number }
    }
  })
  const all = [(await login()).access, (await tokens()).access_token]
  const ofClient = await tokenOfReport(app)
  for (const gone of [
    null, undefined, { id: 1, isActive: false }, { id: 1, is_active: false }
  ]) {
    user = gone
    for (const token of all) t.strictSame(await introspect(app, token), INACTIVE)
    t.match(await introspect(app, ofClient), { active: true }, 'a client has no user')
  }
  asked.length = 0
  user = { id: 1, isActive: true }
  for (const token of all) t.match(await introspect(app, token), { active: true })
  t.same(asked, ['1', '/oauth/introspect', '1', '/oauth/introspect'])
})
