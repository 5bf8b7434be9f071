import t from 'tap'
import { memoryStore } from '../../plugin/stores/memory.ts'
import { MINUTE, SECOND, START, type TestApp, buildApp } from '../fixtures/app.ts'
import { session } from '../fixtures/stores/session.ts'
import { accessClaims, decode, sign } from '../fixtures/tokens/jwt.ts'

type Method = 'GET' | 'DELETE' | 'HEAD'
const ask = ({ app }: TestApp, method: Method, path: string, access: string) =>
  app.inject({
    method,
    url: `/api/token/sessions${path}`,
    headers: { authorization: `Bearer ${access}` }
  })

const sidOf = (token: string): string => decode(token).payload.sid as string

t.test('a user sees his own live sessions, oldest first', async t => {
  const test = await buildApp(t)
  await test.login('maria', '456')
  const first = await test.login()
  test.clock.advance(MINUTE)
  const second = (
    await test.post(
      '/api/token/',
      { username: 'vitor', password: '123' },
      { headers: { 'user-agent': 'Firefox' } }
    )
  ).json()
  const third = await test.login()
  await test.post('/api/token/blacklist/', { refresh: third.refresh })
  test.clock.advance(MINUTE)
  await test.post('/api/token/refresh/', { refresh: first.refresh })

  const reply = await ask(test, 'GET', '/', second.access)
  t.equal(reply.statusCode, 200)
  t.equal(reply.headers['cache-control'], 'no-store')
  t.strictSame(reply.json(), [
    {
      sid: sidOf(first.access),
      created_at: '2026-11-22T12:00:00.000Z',
      last_used_at: '2026-11-22T12:00:00.000Z',
      expires_at: '2026-11-23T13:00:00.000Z',
      user_agent: 'lightMyRequest',
      address: '127.0.0.1',
      client_id: null,
      scope: null,
      current: false
    },
    {
      sid: sidOf(second.access),
      created_at: '2026-11-22T12:01:00.000Z',
      last_used_at: '2026-11-22T12:01:00.000Z',
      expires_at: '2026-11-23T12:01:00.000Z',
      user_agent: 'Firefox',
      address: '127.0.0.1',
      client_id: null,
      scope: null,
      current: true
    }
  ])
  t.equal((await ask(test, 'HEAD', '', second.access)).statusCode, 200)
})

t.test('sessions: shows the client and the scopes of a granted session', async t => {
  const store = memoryStore()
  const test = await buildApp(t, { store })
  const own = await test.login()
  const grant = { clientId: 'photo-printer', scope: 'photos:read albums:read' }
  const { sid } = session({ createdAt: START + SECOND, ...grant })
  await store.create(session({ createdAt: START + SECOND, ...grant }))

  t.match((await ask(test, 'GET', '/', own.access)).json(), [
    { sid: sidOf(own.access), client_id: null, scope: null, current: true },
    { sid, client_id: grant.clientId, scope: grant.scope, current: false }
  ])
  t.equal((await ask(test, 'DELETE', `/${sid}/`, own.access)).statusCode, 204)
  t.match(test.events.at(-1), { type: 'revoked', userId: '1', sid, clientId: grant.clientId })
  t.match((await ask(test, 'GET', '/', own.access)).json(), [{ client_id: null }])
})

t.test('sessions: tells the time of a refresh, and the expiry, by the hour', async t => {
  const test = await buildApp(t, { sessionLifetime: '26h' })
  const { access, refresh } = await test.login()
  const times = async (): Promise<[lastUsed: string, expiry: string]> => {
    const [session] = (await ask(test, 'GET', '/', access)).json()
    return [session.last_used_at, session.expires_at]
  }
  t.same(await times(), ['2026-11-22T12:00:00.000Z', '2026-11-23T12:00:00.000Z'], 'the login')
  test.clock.advance(SECOND)
  await test.post('/api/token/refresh/', { refresh })
  t.same(await times(), ['2026-11-22T12:00:00.000Z', '2026-11-23T13:00:00.000Z'])

  const late = await buildApp(t, { accessTokenLifetime: '1d', sessionLifetime: '26h' })
  late.clock.advance(59 * MINUTE)
  const pair = await late.login()
  late.clock.advance(150 * MINUTE)
  await late.post('/api/token/refresh/', { refresh: pair.refresh })
  const [session] = (await ask(late, 'GET', '/', pair.access)).json()
  t.equal(session.last_used_at, '2026-11-22T15:00:00.000Z')
  t.equal(session.expires_at, '2026-11-23T14:59:00.000Z', 'at most the end of the session')
})

t.test('sessions: a session was not last used before it began', async t => {
  const test = await buildApp(t)
  test.clock.advance(30 * MINUTE)
  const { access, refresh } = await test.login()
  test.clock.advance(MINUTE)
  await test.post('/api/token/refresh/', { refresh })
  const [session] = (await ask(test, 'GET', '/', access)).json()
  t.equal(session.last_used_at, session.created_at)
})

t.test('a user ends one of his sessions', async t => {
  const test = await buildApp(t)
  const [one, other] = [await test.login(), await test.login()]
  const reply = await ask(test, 'DELETE', `/${sidOf(other.access)}/`, one.access)
  t.equal(reply.statusCode, 204)
  t.equal(reply.body, '')
  t.equal((await test.hello(other.access)).statusCode, 401)
  t.equal((await test.hello(one.access)).statusCode, 200)
  t.match(test.events.at(-1), { type: 'revoked', userId: '1', sid: sidOf(other.access) })
})

t.test('sessions: answers 404 to the id of a foreign, ended or unknown session', async t => {
  const test = await buildApp(t)
  const [own, ended, foreign] = [
    await test.login(), await test.login(), await test.login('maria', '456')
  ]
  await test.post('/api/token/blacklist/', { refresh: ended.refresh })
  for (const sid of [
    sidOf(foreign.access), sidOf(ended.access), 'unknown', '__proto__', '%00', '%F0%9F%98%80'
  ]) {
    const reply = await ask(test, 'DELETE', `/${sid}/`, own.access)
    t.equal(reply.statusCode, 404, sid)
    t.equal(reply.body, '{"detail":"Not found."}', sid)
  }
  t.equal((await test.hello(foreign.access)).statusCode, 200)
})

t.test('a user logs out everywhere', async t => {
  const test = await buildApp(t)
  const [one, other, foreign] = [
    await test.login(), await test.login(), await test.login('maria', '456')
  ]
  t.equal((await ask(test, 'DELETE', '/', one.access)).statusCode, 204)
  for (const { access, refresh } of [one, other]) {
    t.equal((await test.hello(access)).statusCode, 401)
    t.equal((await test.post('/api/token/refresh/', { refresh })).statusCode, 401)
  }
  t.equal((await test.hello(foreign.access)).statusCode, 200)
  t.equal(test.events.filter(event => event.type === 'revoked').length, 2)
})

t.test('a token without a session sees the sessions of its user, none of them its own', async t => {
  const test = await buildApp(t)
  await test.login()
  t.match((await ask(test, 'GET', '/', sign(accessClaims()))).json(), [{ current: false }])
})

t.test('sessions: revokes a session whose refresh token has expired', async t => {
  for (const end of ['all', 'one'] as const) {
    const test = await buildApp(t, { rotateRefreshTokens: false, refreshTokenLifetime: '1h' })
    const { refresh } = await test.login()
    test.clock.advance(59 * MINUTE)
    const { access } = (await test.post('/api/token/refresh/', { refresh })).json()
    test.clock.advance(MINUTE)
    t.equal((await test.hello(access)).statusCode, 200)
    t.equal(
      (await ask(test, 'DELETE', end === 'all' ? '/' : `/${sidOf(access)}/`, access)).statusCode,
      204
    )
    t.equal((await test.hello(access)).statusCode, 401)
  }
})

t.test('a hook of the host that puts another in request.user changes nothing here', async t => {
  const test = await buildApp(t)
  test.app.addHook('preHandler', async request => {
    Object.assign(request, { user: { name: 'somebody' } })
  })
  const { access } = await test.login()
  t.equal((await ask(test, 'GET', '/', access)).json().length, 1)
  t.equal((await ask(test, 'DELETE', '/', access)).statusCode, 204)
  t.equal((await test.hello(access)).statusCode, 401)
})

t.test('sessions: answers 401 to a request without an access token', async t => {
  const { app, login } = await buildApp(t)
  const { refresh } = await login()
  for (const [method, url] of [['GET', '/'], ['DELETE', '/'], ['DELETE', '/x/']] as const) {
    const reply = await app.inject({ method, url: `/api/token/sessions${url}` })
    t.equal(reply.body, '{"detail":"Authentication credentials were not provided."}')
    t.equal(reply.headers['www-authenticate'], 'Bearer realm="api"')
    t.equal(
      (
        await app.inject({
          method,
          url: `/api/token/sessions${url}`,
          headers: { authorization: `Bearer ${refresh}` }
        })
      ).statusCode,
      401
    )
  }
})

t.test('sessions: answers 401 to the token of a revoked session', async t => {
  for (const revocation of ['list', 'store'] as const) {
    const test = await buildApp(t, { revocation })
    const { access } = await test.login()
    await test.app.tokens.revokeUser(1)
    for (const [method, path] of [['GET', ''], ['DELETE', ''], ['DELETE', '/x']] as const) {
      const reply = await ask(test, method, path, access)
      t.equal(reply.statusCode, 401, `${method} ${path}`)
      t.match(reply.json(), { code: 'token_not_valid' })
    }
  }
})

t.test('sessions: reads and verifies the token of a request once', async t => {
  const test = await buildApp(t, {
    verificationCache: 0,
    extractToken: request => {
      reads++
      return request.headers.authorization?.slice(7)
    }
  })
  let reads = 0
  const { access } = await test.login()
  t.equal((await ask(test, 'GET', '', access)).statusCode, 200)
  t.equal(reads, 1)
})

t.test('sessions: good tokens are limited by session, before any store call', async t => {
  for (const revocation of ['list', 'store'] as const) {
    let calls = 0
    const memory = memoryStore()
    const test = await buildApp(t, {
      rateLimit: { refreshPerAddress: 1, refreshPerSession: 3 },
      revocation,
      store: {
        ...memory,
        find: sid => { calls++; return memory.find(sid) },
        list: (...query) => { calls++; return memory.list(...query) }
      }
    })
    const { access } = await test.login()
    const other = await test.login('maria', '456')
    t.equal((await ask(test, 'GET', '', access)).statusCode, 200)
    t.equal((await ask(test, 'DELETE', '/unknown/', access)).statusCode, 404)
    t.equal((await ask(test, 'GET', '/', access)).statusCode, 200)
    calls = 0
    for (const [method, path] of [['GET', ''], ['DELETE', ''], ['DELETE', '/x']] as const) {
      t.equal((await ask(test, method, path, access)).statusCode, 429, `${method} ${path}`)
    }
    t.equal(calls, 0, revocation)
    t.equal((await test.hello(access)).statusCode, 200, 'guarded routes are not limited')
    t.equal((await ask(test, 'GET', '', other.access)).statusCode, 200)
  }
})
