import t from 'tap'
import type { SimpleJwtOptions } from '../../plugin/index.ts'
import type { SessionStore } from '../../plugin/stores/store.ts'
import { memoryStore } from '../../plugin/stores/memory.ts'
import { MINUTE, SECOND } from '../fixtures/app.ts'
import { type TokenApp, buildTokenApp } from '../fixtures/oauth/token-app.ts'
import type { Test } from '../fixtures/servers/home.ts'
import { decode } from '../fixtures/tokens/jwt.ts'

/** The text that a client gets for a code whose access is gone. */
const WITHDRAWN = {
  error: 'invalid_grant',
  error_description: 'The code is expired, or its access was withdrawn.'
}

const photos = ({ app }: TokenApp, access: string) =>
  app.inject({ url: '/photos/', headers: { authorization: `Bearer ${access}` } })

t.test('code exchange: answers the tokens of the session that the user granted', async t => {
  const built = await buildTokenApp(t)
  const { app, events } = built
  const code = await built.obtainCode()
  const [session] = await app.tokens.sessions(1)
  events.length = 0
  const reply = await built.exchange(code)
  const { access_token: access, refresh_token: refresh, ...rest } = reply.json()
  t.strictSame(rest, { token_type: 'Bearer', expires_in: 300, scope: 'photos:read' })
  t.equal((await photos(built, access)).statusCode, 200)
  t.equal((await built.refresh(refresh)).statusCode, 200)
  t.equal(decode(access).payload.sid, session?.sid)
  const subject = { userId: '1', sid: session?.sid, clientId: 'photo-printer' }
  t.same(events[0], { type: 'code_exchanged', ...subject, address: '127.0.0.1' })
})

/** Deletes sessions with a new login of the user. */
async function deleteAt (url: string, { app, login }: TokenApp): Promise<void> {
  const headers = { authorization: `Bearer ${(await login()).access}` }
  const { statusCode } = await app.inject({ method: 'DELETE', url, headers })
  if (statusCode !== 204) throw new Error(`no logout: ${statusCode}`)
}

/** Ends the access of an app, or of its user, while a code waits. */
const ENDINGS: Record<string, (built: TokenApp) => Promise<unknown>> = {
  'DELETE of the session': async built => {
    const [session] = await built.app.tokens.sessions(1)
    await deleteAt(`/api/token/sessions/${session?.sid}/`, built)
  },
  'DELETE of all sessions': built => deleteAt('/api/token/sessions/', built),
  'revokeUser()': ({ app }) => app.tokens.revokeUser(1),
  'disconnect()': ({ app }) => app.oauth.disconnect(1, 'photo-printer')
}

t.test('code exchange: refuses a code whose access was withdrawn', async t => {
  for (const [name, end] of Object.entries(ENDINGS)) {
    const built = await buildTokenApp(t)
    const code = await built.obtainCode()
    await end(built)
    t.strictSame((await built.exchange(code)).json(), WITHDRAWN, name)
    t.equal(built.count('code_exchanged'), 0)
  }
})

t.test('code exchange: refuses a code whose session the store does not know', async t => {
  const store = memoryStore()
  const code = await (await buildTokenApp(t, { store })).obtainCode()
  t.strictSame((await (await buildTokenApp(t)).exchange(code)).json(), WITHDRAWN)
})

t.test('code exchange: refuses a code whose session ends during the exchange', async t => {
  const store = memoryStore()
  const forgetful: SessionStore = {
    ...store, rotate: async () => ({ outcome: 'ended', session: null })
  }
  const { obtainCode, exchange } = await buildTokenApp(t, { store: forgetful })
  t.strictSame((await exchange(await obtainCode())).json(), WITHDRAWN)
})

/** Builds an app whose host fails in one place until `heal` is called. */
async function buildFailing (t: Test, place: 'findUser' | 'gone' | 'inactive' | 'claims' | 'long') {
  let isIll = true
  const findUser: SimpleJwtOptions['findUser'] = async id => {
    if (isIll && place === 'findUser') throw new Error('no database')
    if (isIll && place === 'gone') return null
    return { id, isActive: !(isIll && place === 'inactive') }
  }
  const claims = async () => {
    if (isIll && place === 'claims') throw new Error('no claims')
    return { note: 'x'.repeat(isIll && place === 'long' ? 2100 : 10) }
  }
  const approving = { isIll: false }
  const built = await buildTokenApp(t, {
    findUser: async (id, request) => approving.isIll ? { id } : findUser(id, request)
  }, { claims })
  approving.isIll = true
  const code = await built.obtainCode()
  approving.isIll = false
  return { ...built, code, heal: () => { isIll = false } }
}

t.test('code exchange: a fault of the host spends nothing', async t => {
  for (const [place, status] of [
    ['findUser', 500], ['claims', 500], ['long', 500], ['gone', 400], ['inactive', 400]
  ] as const) {
    const { exchange, code, heal, count } = await buildFailing(t, place)
    const refused = await exchange(code)
    t.equal(refused.statusCode, status, place)
    if (status === 400) t.match(refused.json(), { error: 'invalid_grant' })
    heal()
    t.equal((await exchange(code)).statusCode, 200, `the code is good after ${place}`)
    t.equal(count('reuse_detected'), 0)
  }
})

t.test('code exchange: a store that is away answers 503, and spends nothing', async t => {
  for (const verb of ['find', 'rotate'] as const) {
    let isAway = false
    const store = memoryStore()
    const away: SessionStore = {
      ...store,
      [verb]: async (given: never) => {
        if (isAway) throw new Error('no store')
        return store[verb](given)
      }
    }
    const { obtainCode, exchange } = await buildTokenApp(t, { store: away })
    const code = await obtainCode()
    isAway = true
    const refused = await exchange(code)
    t.equal(refused.statusCode, 503, verb)
    t.strictSame(refused.json(), {
      error: 'temporarily_unavailable', error_description: 'The server is busy. Try again.'
    })
    t.equal(refused.headers['retry-after'], '1')
    isAway = false
    t.equal((await exchange(code)).statusCode, 200)
  }
})

t.test('code exchange: the session lives for refreshTokenLifetime from then on', async t => {
  const { obtainCode, exchange, clock, app } = await buildTokenApp(t, {}, {
    refreshTokenLifetime: '2h'
  })
  const code = await obtainCode()
  t.match(await app.tokens.sessions(1), [{ expiresAt: clock() + MINUTE, accessLifetime: MINUTE }])
  clock.advance(30 * SECOND)
  const { access_token: access, refresh_token: refresh } = (await exchange(code)).json()
  t.match(await app.tokens.sessions(1), [{
    expiresAt: clock() + 120 * MINUTE, accessLifetime: 5 * MINUTE
  }])
  t.equal(decode(refresh).payload.exp, (clock() + 120 * MINUTE) / 1000)
  t.equal(decode(access).payload.exp, (clock() + 5 * MINUTE) / 1000)
})

t.test('code exchange: leaves out a scope that the operator took from the client', async t => {
  const store = memoryStore()
  const scope = 'photos:read photos:write'
  const before = await buildTokenApp(t, { store })
  const after = await buildTokenApp(t, { store }, {
    scopes: { 'photos:read': 'See your photos' }
  })
  const { access_token: access, refresh_token: refresh, scope: granted } =
    (await after.exchange(await before.obtainCode({ scope }))).json()
  t.equal(granted, 'photos:read')
  t.equal(decode(access).payload.scope, 'photos:read')
  t.equal(decode(refresh).payload.scope, scope)
  const code = await before.obtainCode({ scope: 'photos:write' })
  t.equal((await after.exchange(code)).json().error, 'invalid_scope')
  t.equal((await before.exchange(code)).statusCode, 200, 'it is not spent')
})

t.test('code exchange: works on a store that is older than clientId and scope', async t => {
  const store = memoryStore()
  const old: SessionStore = {
    ...store,
    create: session => store.create({
      ...session, clientId: undefined as never, scope: undefined as never
    })
  }
  const built = await buildTokenApp(t, { store: old })
  const code = await built.obtainCode()
  const { access_token: access, refresh_token: refresh, scope } =
    (await built.exchange(code)).json()
  t.equal(scope, 'photos:read')
  t.match(decode(access).payload, { client_id: 'photo-printer', scope: 'photos:read' })
  const next = (await built.refresh(refresh)).json()
  t.match(decode(next.access_token).payload, { client_id: 'photo-printer', scope: 'photos:read' })
  t.equal((await photos(built, next.access_token)).statusCode, 200)
  t.match((await built.exchange(code)).json(), { error: 'invalid_grant' })
  for (const type of ['code_exchanged', 'refreshed', 'reuse_detected']) {
    t.match(built.events.find(event => event.type === type), { clientId: 'photo-printer' }, type)
  }
})
