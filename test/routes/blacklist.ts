import t from 'tap'
import { SECOND, buildApp } from '../fixtures/app.ts'
import { accessClaims, refreshClaims, sign } from '../fixtures/tokens/jwt.ts'

const BLACKLISTED = '{"detail":"Token is blacklisted","code":"token_not_valid"}'

t.test('logging out ends the session: refresh token and access token, at once', async t => {
  const { login, post, hello, events } = await buildApp(t)
  const { access, refresh } = await login()
  const other = await login()
  for (let count = 0; count < 2; count++) t.equal((await hello(access)).statusCode, 200)
  t.equal((await hello(access)).statusCode, 200, 'it is in the cache by now')
  const reply = await post('/api/token/blacklist/', { refresh })
  t.equal(reply.body, '{}')
  t.equal(reply.statusCode, 200)
  t.equal((await post('/api/token/refresh/', { refresh })).body, BLACKLISTED)
  t.match((await hello(access)).json(), { messages: [{ message: 'Token is blacklisted' }] })
  t.match(events.at(-1), { type: 'revoked', userId: '1' })
  t.equal((await hello(other.access)).statusCode, 200, 'another login of the user goes on')
})

t.test('logging out a second time is refused', async t => {
  const { login, post, events } = await buildApp(t)
  const { refresh } = await login()
  await post('/api/token/blacklist/', { refresh })
  const again = await post('/api/token/blacklist/', { refresh })
  t.equal(again.body, BLACKLISTED)
  t.equal(again.statusCode, 401)
  t.equal(events.filter(event => event.type === 'revoked').length, 1)
})

t.test('logout: accepts the token just spent, so a lost refresh reply is harmless', async t => {
  const { login, post } = await buildApp(t)
  const { refresh } = await login()
  const next = (await post('/api/token/refresh/', { refresh })).json()
  t.equal((await post('/api/token/blacklist/', { refresh })).body, '{}')
  t.equal((await post('/api/token/refresh/', { refresh: next.refresh })).body, BLACKLISTED)
})

t.test('a token that was spent long ago is reuse: refused, and the session ends', async t => {
  const { login, post, clock, events } = await buildApp(t)
  const { refresh } = await login()
  const next = (await post('/api/token/refresh/', { refresh })).json()
  clock.advance(10 * SECOND)
  t.equal((await post('/api/token/blacklist/', { refresh })).body, BLACKLISTED)
  t.equal(events.at(-1)?.type, 'reuse_detected')
  t.equal((await post('/api/token/refresh/', { refresh: next.refresh })).body, BLACKLISTED)
})

t.test('two logouts at once both succeed and are one event', async t => {
  const { login, post, events } = await buildApp(t)
  const { refresh } = await login()
  const replies = await Promise.all([
    post('/api/token/blacklist/', { refresh }), post('/api/token/blacklist/', { refresh })
  ])
  t.ok(replies.some(reply => reply.statusCode === 200))
  t.equal(events.filter(event => event.type === 'revoked').length, 1)
})

t.test('adoption: logs out a token of another server and never adopts it again', async t => {
  const { app, post, clock } = await buildApp(t, { adoptRefreshTokens: true })
  const refresh = sign(refreshClaims())
  t.equal((await post('/api/token/blacklist/', { refresh })).body, '{}')
  t.equal((await post('/api/token/refresh/', { refresh })).body, BLACKLISTED)
  clock.advance(3600 * SECOND)
  t.equal(await app.tokens.sweep(), 0)
  t.equal((await post('/api/token/refresh/', { refresh })).body, BLACKLISTED)
  clock.advance(24 * 3600 * SECOND)
  t.equal(await app.tokens.sweep(), 1, 'forgotten once the token has expired')
})

t.test('logout: refuses each bad token with its exact reply', async t => {
  const { post } = await buildApp(t)
  const cases: [what: string, refresh: unknown, status: number, body: string][] = [
    ['missing', undefined, 400, '{"refresh":["This field is required."]}'],
    ['garbage', 'x', 401, '{"detail":"Token is invalid","code":"token_not_valid"}'],
    [
      'an access token', sign(accessClaims()), 401,
      '{"detail":"Token has wrong type","code":"token_not_valid"}'
    ],
    [
      'expired',
      sign(refreshClaims({ exp: accessClaims().iat })),
      401,
      '{"detail":"Token is expired","code":"token_not_valid"}'
    ],
    ['without sid', sign(refreshClaims()), 401, BLACKLISTED],
    ['of an unknown session', sign(refreshClaims({ sid: 'x' })), 401, BLACKLISTED]
  ]
  for (const [what, refresh, status, body] of cases) {
    const reply = await post('/api/token/blacklist/', { refresh })
    t.equal(reply.body, body, what)
    t.equal(reply.statusCode, status, what)
  }
})

t.test('logout: good tokens are limited by session', async t => {
  const { login, post } = await buildApp(t, { rateLimit: { refreshPerSession: 2 } })
  const { refresh } = await login()
  const statuses: number[] = []
  for (let count = 0; count < 3; count++) {
    statuses.push((await post('/api/token/blacklist/', { refresh })).statusCode)
  }
  t.strictSame(statuses, [200, 401, 429])
  t.equal((await post('/api/token/blacklist/', await login())).statusCode, 200)
})
