import t from 'tap'
import { memoryStore } from '../../plugin/stores/memory.ts'
import { SECOND, type TestApp, buildApp } from '../fixtures/app.ts'
import type { Test } from '../fixtures/servers/home.ts'
import { accessClaims, decode, refreshClaims, sign } from '../fixtures/tokens/jwt.ts'

const WRONG_TYPE = '{"detail":"Token has wrong type","code":"token_not_valid"}'
const BLACKLISTED = '{"detail":"Token is blacklisted","code":"token_not_valid"}'

t.test('a good token of either kind is verified with an empty object', async t => {
  const { login, post } = await buildApp(t)
  const { access, refresh } = await login()
  for (const token of [
    access, refresh, ` ${access}\n`, sign(accessClaims()), sign(accessClaims({ user_id: 1 }))
  ]) {
    const reply = await post('/api/token/verify/', { token })
    t.equal(reply.body, '{}')
    t.equal(reply.statusCode, 200)
    t.equal(reply.headers['cache-control'], 'no-store')
  }
})

t.test('verify: refuses the access token of an OAuth client', async t => {
  const { login, post } = await buildApp(t, {
    adoptRefreshTokens: true, rateLimit: { refreshPerSession: 3 }
  })
  const { access } = await login()
  const ofClient = { client_id: 'photo-printer', scope: 'photos:read' }
  const token = sign({ ...decode(access).payload, ...ofClient })
  for (let count = 0; count < 5; count++) {
    t.match(await post('/api/token/verify/', { token }), { statusCode: 401, body: WRONG_TYPE })
  }
  t.equal((await post('/api/token/verify/', { token: access })).body, '{}', 'it counted no session')
  const foreign = sign(refreshClaims(ofClient))
  t.equal((await post('/api/token/verify/', { token: foreign })).body, '{}', 'as at refresh')
})

t.test('a spent refresh token is good within the reuse interval, as at refresh', async t => {
  const { login, post, clock } = await buildApp(t)
  const { refresh } = await login()
  const next = (await post('/api/token/refresh/', { refresh })).json()
  clock.advance(10 * SECOND - 1)
  for (const agent of ['lightMyRequest', 'another user agent', '']) {
    const headers = { 'user-agent': agent }
    const reply = await post('/api/token/verify/', { token: refresh }, { headers })
    t.equal(reply.body, '{}', 'the same for every client: a thief has another user agent')
  }
  clock.advance(1)
  t.equal((await post('/api/token/verify/', { token: refresh })).body, BLACKLISTED)
  t.equal(
    (await post('/api/token/verify/', { token: next.refresh })).body,
    '{}',
    'and asking about a spent token ended nothing'
  )
})

t.test('with a reuse interval of 0 verify accepts the current token only', async t => {
  for (const options of [{ rotateRefreshTokens: false }, { reuseInterval: 0 }]) {
    const { login, post, app } = await buildApp(t, options)
    const { refresh } = await login()
    t.equal((await post('/api/token/verify/', { token: refresh })).body, '{}')
    await app.tokens.refresh(refresh)
    const { body } = await post('/api/token/verify/', { token: refresh })
    t.equal(body, 'reuseInterval' in options ? BLACKLISTED : '{}')
  }
})

/**
 * A thief has the refresh token of a login, and polls `ask` every two seconds. Once he believes
 * that the owner has refreshed he refreshes too, with the owner's user agent. Returns the rotations
 * that he followed, of 100 of the owner, and whether the session lives.
 */
async function follow (
  t: Test, ask: (test: TestApp, token: string) => Promise<boolean>
): Promise<{ followed: number, isLive: boolean }> {
  const test = await buildApp(t, { rateLimit: false })
  const refresh = (token: string) => test.post('/api/token/refresh/', { refresh: token })
  let owned = (await test.login()).refresh
  let stolen = owned
  let followed = 0
  for (let rotation = 0; rotation < 100; rotation++) {
    const reply = await refresh(owned)
    if (reply.statusCode !== 200) break
    owned = reply.json().refresh
    for (let polls = 0; polls < 150; polls++) {
      test.clock.advance(2 * SECOND)
      if (await ask(test, stolen)) continue
      const copy = await refresh(stolen)
      if (copy.statusCode === 200) {
        stolen = copy.json().refresh
        followed++
      }
      break
    }
  }
  return { followed, isLive: (await refresh(owned)).statusCode === 200 }
}

t.test('a thief who polls verify follows no rotation, and reveals himself', async t => {
  t.same(
    await follow(t, async ({ post }, token) =>
      (await post('/api/token/verify/', { token })).statusCode === 200),
    { followed: 0, isLive: false }
  )
  t.same(
    await follow(t, async ({ app }, token) => {
      const { jti, sid } = decode(token).payload
      const [session] = await app.tokens.sessions(1)
      return session?.sid === sid && session?.jti === jti
    }),
    { followed: 100, isLive: true },
    'control: an oracle that tells a spent token from a current one'
  )
})

t.test('verify: refuses each token of an ended session, in both revocation modes', async t => {
  for (const revocation of ['list', 'store'] as const) {
    const { login, post } = await buildApp(t, { revocation })
    const { access, refresh } = await login()
    await post('/api/token/blacklist/', { refresh })
    for (const token of [access, refresh]) {
      const reply = await post('/api/token/verify/', { token })
      t.equal(reply.body, BLACKLISTED)
      t.equal(reply.statusCode, 401)
      t.equal(reply.headers['www-authenticate'], 'Bearer realm="api", error="invalid_token"')
    }
  }
})

t.test('with adoption on, a refresh token of another server is good until it is spent', async t => {
  const { post, clock } = await buildApp(t, { adoptRefreshTokens: true })
  const token = sign(refreshClaims())
  t.equal((await post('/api/token/verify/', { token })).body, '{}')
  await post('/api/token/refresh/', { refresh: token })
  clock.advance(10 * SECOND)
  t.equal((await post('/api/token/verify/', { token })).body, BLACKLISTED)
})

t.test('verify: refuses each bad token with its exact reply', async t => {
  const { post, login } = await buildApp(t)
  const { payload } = decode((await login()).refresh)
  const cases: [what: string, token: unknown, status: number, body: string][] = [
    ['missing', undefined, 400, '{"token":["This field is required."]}'],
    ['garbage', 'x', 401, '{"detail":"Token is invalid","code":"token_not_valid"}'],
    ['a number', 1, 400, '{"token":["Not a valid string."]}'],
    [
      'expired',
      sign(accessClaims({ exp: payload.iat })),
      401,
      '{"detail":"Token is expired","code":"token_not_valid"}'
    ],
    [
      'no exp',
      sign(accessClaims({ exp: undefined })),
      401,
      '{"detail":"Token has no \'exp\' claim","code":"token_not_valid"}'
    ],
    [
      'no jti',
      sign(accessClaims({ jti: undefined })),
      401,
      '{"detail":"Token has no id","code":"token_not_valid"}'
    ],
    [
      'no type',
      sign(accessClaims({ token_type: undefined })),
      401,
      '{"detail":"Token has no type","code":"token_not_valid"}'
    ],
    [
      'a sliding token',
      sign(accessClaims({ token_type: 'sliding' })),
      401,
      '{"detail":"Token has wrong type","code":"token_not_valid"}'
    ],
    [
      'no user',
      sign(accessClaims({ user_id: undefined })),
      401,
      '{"detail":"Token contained no recognizable user identification","code":"token_not_valid"}'
    ],
    ['a refresh token without sid', sign(refreshClaims()), 401, BLACKLISTED],
    ['a refresh token of an unknown session', sign(refreshClaims({ sid: 'x' })), 401, BLACKLISTED]
  ]
  for (const [what, token, status, body] of cases) {
    const reply = await post('/api/token/verify/', { token })
    t.equal(reply.body, body, what)
    t.equal(reply.statusCode, status, what)
  }
})

t.test('verify: good tokens are limited by session, apart from refreshes', async t => {
  let finds = 0
  const memory = memoryStore()
  const { login, post } = await buildApp(t, {
    rateLimit: { refreshPerAddress: 1, refreshPerSession: 2 },
    store: { ...memory, find: sid => { finds++; return memory.find(sid) } }
  })
  const { refresh } = await login()
  const other = await login('maria', '456')
  const statuses: number[] = []
  for (let count = 0; count < 4; count++) {
    statuses.push((await post('/api/token/verify/', { token: refresh })).statusCode)
  }
  t.strictSame(statuses, [200, 200, 429, 429])
  t.equal(finds, 2, 'a request over the limit does not reach the store')
  t.equal((await post('/api/token/refresh/', { refresh })).statusCode, 200)
  t.equal((await post('/api/token/verify/', { token: other.access })).statusCode, 200)
})
