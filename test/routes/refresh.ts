import t from 'tap'
import { memoryStore } from '../../plugin/stores/memory.ts'
import { DAY, SECOND, START, buildApp } from '../fixtures/app.ts'
import { decode, refreshClaims, sign } from '../fixtures/tokens/jwt.ts'

const BLACKLISTED = '{"detail":"Token is blacklisted","code":"token_not_valid"}'
const NO_ACCOUNT =
  '{"detail":"No active account found for the given token.","code":"no_active_account"}'

t.test('a refresh token is exchanged for an access token and its successor', async t => {
  const { login, post, clock, hello, events } = await buildApp(t)
  const first = await login()
  clock.advance(60 * SECOND)
  const reply = await post('/api/token/refresh/', { refresh: first.refresh })
  t.equal(reply.statusCode, 200)
  t.match(reply.body, /^\{"access":"[\w.-]+","refresh":"[\w.-]+"\}$/, 'access first')
  t.equal(reply.headers['cache-control'], 'no-store')
  const second = reply.json()
  t.equal((await hello(second.access)).statusCode, 200)
  const [before, after] = [decode(first.refresh).payload, decode(second.refresh).payload]
  t.equal(after.sid, before.sid, 'the session is the same')
  t.not(after.jti, before.jti)
  t.equal(after.exp, before.exp as number + 60)
  t.equal(after.iat, START / 1000 + 60)
  t.match(events.at(-1), { type: 'refreshed', userId: '1', sid: before.sid })
})

t.test('refresh: replays the same successor, with a new access token', async t => {
  const { login, post, clock, events } = await buildApp(t)
  const { refresh } = await login()
  const first = (await post('/api/token/refresh/', { refresh })).json()
  clock.advance(9 * SECOND)
  const again = (await post('/api/token/refresh/', { refresh })).json()
  t.equal(again.refresh, first.refresh)
  t.not(again.access, first.access)
  t.equal(events.at(-1)?.type, 'replayed')
  clock.advance(5 * SECOND)
  t.equal(
    (await post('/api/token/refresh/', { refresh: first.refresh })).statusCode,
    200,
    'and the successor goes on'
  )
})

const from = (address: string, userAgent = 'Firefox') =>
  ({ remoteAddress: address, headers: { 'user-agent': userAgent } })

t.test('refresh: replays only to the user agent that made the rotation', async t => {
  const { login, post, hello, events } = await buildApp(t)
  const { refresh } = await login()
  const owner = from('192.0.2.1')
  const { access } = (await post('/api/token/refresh/', { refresh }, owner)).json()
  t.equal((await post('/api/token/refresh/', { refresh }, owner)).statusCode, 200)
  const thief = await post('/api/token/refresh/', { refresh }, from('192.0.2.1', 'curl'))
  t.equal(thief.body, BLACKLISTED)
  t.equal(events.at(-1)?.type, 'reuse_detected')
  t.equal((await hello(access)).statusCode, 401, 'the session is revoked')
})

t.test('refresh: a login elsewhere does not bind the first refresh to its client', async t => {
  const { login, post } = await buildApp(t, { replayFrom: 'sameAddress' })
  const { refresh } = await login()
  const reply = await post('/api/token/refresh/', { refresh }, from('203.0.113.9', 'an update'))
  t.equal(reply.statusCode, 200)
})

t.test('refresh: a replay to another address names the address of the rotation', async t => {
  const { login, post, events } = await buildApp(t)
  const { refresh } = await login()
  await post('/api/token/refresh/', { refresh }, from('2001:db8:1:2::1'))
  await post('/api/token/refresh/', { refresh }, from('2001:db8:1:2::ffff'))
  t.notHas(events.at(-1), { rotatedAddress: String }, 'the same /64')
  await post('/api/token/refresh/', { refresh }, from('203.0.113.9'))
  t.match(events.at(-1), {
    type: 'replayed',
    address: '203.0.113.9',
    rotatedAddress: '2001:db8:1:2::'
  })
})

t.test('replayFrom: with sameAddress a replay to another address is reuse', async t => {
  for (const [address, expected] of [
    ['2001:db8:1:2::ffff', 200], ['2001:db8:1:3::1', 401], ['192.0.2.1', 401]
  ] as const) {
    const { login, post, events } = await buildApp(t, { replayFrom: 'sameAddress' })
    const { refresh } = await login()
    await post('/api/token/refresh/', { refresh }, from('2001:db8:1:2::1'))
    const reply = await post('/api/token/refresh/', { refresh }, from(address))
    t.equal(reply.statusCode, expected, address)
    t.equal(events.at(-1)?.type, expected === 200 ? 'replayed' : 'reuse_detected')
  }
})

t.test('refresh: a call of the host\'s code has no client, and may replay', async t => {
  const { app, login, post } = await buildApp(t, { replayFrom: 'sameAddress' })
  const { refresh } = await login()
  const next = (await post('/api/token/refresh/', { refresh }, from('192.0.2.1'))).json()
  t.equal((await app.tokens.refresh(refresh)).refresh, next.refresh)
})

t.test('a spent refresh token ends the session once the reuse interval is over', async t => {
  const { login, post, clock, hello, events } = await buildApp(t)
  const { refresh } = await login()
  const other = await login()
  const next = (await post('/api/token/refresh/', { refresh })).json()
  clock.advance(10 * SECOND)
  const reuse = await post('/api/token/refresh/', { refresh })
  t.equal(reuse.statusCode, 401)
  t.equal(reuse.body, BLACKLISTED)
  t.equal(reuse.headers['www-authenticate'], 'Bearer realm="api", error="invalid_token"')
  t.equal(events.at(-1)?.type, 'reuse_detected')
  t.equal(
    (await post('/api/token/refresh/', { refresh: next.refresh })).body,
    BLACKLISTED,
    'the successor is dead'
  )
  t.equal((await hello(next.access)).statusCode, 401, 'and so are the access tokens')
  t.equal(
    (await post('/api/token/refresh/', { refresh: other.refresh })).statusCode,
    200,
    'another session of the user goes on'
  )
  t.equal(events.filter(event => event.type === 'reuse_detected').length, 1)
})

t.test('refresh: treats an older ancestor as reuse, also within the reuse interval', async t => {
  const { login, post } = await buildApp(t)
  const { refresh } = await login()
  const next = (await post('/api/token/refresh/', { refresh })).json()
  await post('/api/token/refresh/', { refresh: next.refresh })
  t.equal((await post('/api/token/refresh/', { refresh })).body, BLACKLISTED)
  t.equal((await post('/api/token/refresh/', { refresh: next.refresh })).body, BLACKLISTED)
})

t.test('with a reuse interval of 0 a spent token ends the session at once', async t => {
  const { login, post } = await buildApp(t, { reuseInterval: 0 })
  const { refresh } = await login()
  const next = (await post('/api/token/refresh/', { refresh })).json()
  t.equal((await post('/api/token/refresh/', { refresh })).body, BLACKLISTED)
  t.equal((await post('/api/token/refresh/', { refresh: next.refresh })).body, BLACKLISTED)
})

t.test('a session ends after its lifetime however often it is refreshed', async t => {
  const { login, post, clock } = await buildApp(t, { sessionLifetime: '3d' })
  let { refresh } = await login()
  for (let hours = 0; hours < 71; hours += 12) {
    const reply = await post('/api/token/refresh/', { refresh })
    t.equal(reply.statusCode, 200)
    refresh = reply.json().refresh
    t.ok(decode(refresh).payload.exp as number <= (START + 3 * DAY) / 1000)
    clock.advance(DAY / 2)
  }
  t.equal(
    (await post('/api/token/refresh/', { refresh })).body,
    '{"detail":"Token is expired","code":"token_not_valid"}'
  )
})

t.test('refresh: returns only an access token when rotation is off', async t => {
  const { login, post, clock, hello } = await buildApp(t, { rotateRefreshTokens: false })
  const { refresh } = await login()
  for (const wait of [0, DAY / 2]) {
    clock.advance(wait)
    const reply = await post('/api/token/refresh/', { refresh })
    t.match(reply.body, /^\{"access":"[\w.-]+"\}$/)
    t.equal((await hello(reply.json().access)).statusCode, 200)
  }
  await post('/api/token/blacklist/', { refresh })
  t.equal((await post('/api/token/refresh/', { refresh })).body, BLACKLISTED)
})

t.test('a user who is gone or not active any more gets nothing, and may come back', async t => {
  const app = await buildApp(t, {
    findUser: async id => app.users.find(user => String(user.id) === id) ?? null
  })
  const { refresh } = await app.login()
  const vitor = app.users[0]!
  vitor.isActive = false
  const inactive = await app.post('/api/token/refresh/', { refresh })
  t.equal(inactive.body, NO_ACCOUNT)
  t.equal(inactive.statusCode, 401)
  t.equal(inactive.headers['www-authenticate'], 'Bearer realm="api", error="invalid_token"')
  app.users.shift()
  t.equal((await app.post('/api/token/refresh/', { refresh })).body, NO_ACCOUNT)
  app.users.unshift({ ...vitor, isActive: true })
  t.equal(
    (await app.post('/api/token/refresh/', { refresh })).statusCode, 200, 'the token was not spent'
  )
})

t.test('claims that fail, or that no token can carry, spend no token', async t => {
  for (const bad of [
    () => {
      throw new Error('down')
    },
    () => ({ note: 'x'.repeat(5000) }),
    () => ({ id: 1n })
  ]) {
    let claims: () => object = () => ({})
    const { login, post, clock, app } = await buildApp(t, {
      claims: () => claims() as Record<string, unknown>,
      findUser: async id => ({ id })
    })
    const { refresh } = await login()
    claims = bad
    t.equal((await post('/api/token/refresh/', { refresh })).statusCode, 500)
    t.equal((await post('/api/token/', { username: 'vitor', password: '123' })).statusCode, 500)
    t.equal((await app.tokens.sessions(1)).length, 1, 'and start no session')
    claims = () => ({})
    clock.advance(60 * SECOND)
    t.equal((await post('/api/token/refresh/', { refresh })).statusCode, 200)
  }
})

t.test('refresh: recomputes claims with findUser, and carries them over without it', async t => {
  const roles = { role: 'reader' }
  const recomputed = await buildApp(t, { claims: () => roles, findUser: async id => ({ id }) })
  const carried = await buildApp(t, { claims: () => roles })
  const before = [await recomputed.login(), await carried.login()]
  roles.role = 'writer'
  const after = [
    (await recomputed.post('/api/token/refresh/', { refresh: before[0]?.refresh })).json(),
    (await carried.post('/api/token/refresh/', { refresh: before[1]?.refresh })).json()
  ]
  t.equal(decode(after[0].access).payload.role, 'writer')
  t.equal(decode(after[1].access).payload.role, 'reader')
  t.equal(decode(after[1].refresh).payload.role, 'reader', 'from token to token')
})

t.test('refresh: refuses each bad token with its exact reply', async t => {
  const { login, post, clock } = await buildApp(t)
  const { access } = await login()
  const now = clock.time / 1000
  const cases: [what: string, refresh: unknown, status: number, body: string][] = [
    ['missing', undefined, 400, '{"refresh":["This field is required."]}'],
    ['null', null, 400, '{"refresh":["This field may not be null."]}'],
    ['blank', ' ', 400, '{"refresh":["This field may not be blank."]}'],
    ['a number', 1, 400, '{"refresh":["Not a valid string."]}'],
    ['garbage', 'x', 401, '{"detail":"Token is invalid","code":"token_not_valid"}'],
    ['not ASCII', 'é.é.é', 401, '{"detail":"Token is invalid","code":"token_not_valid"}'],
    [
      'a bad signature',
      sign(refreshClaims(), undefined, 'another secret, of the same length'),
      401,
      '{"detail":"Token is invalid","code":"token_not_valid"}'
    ],
    ['an access token', access, 401, '{"detail":"Token has wrong type","code":"token_not_valid"}'],
    [
      'a sliding token',
      sign(refreshClaims({ token_type: 'sliding' })),
      401,
      '{"detail":"Token has wrong type","code":"token_not_valid"}'
    ],
    [
      'an expired token',
      sign(refreshClaims({ iat: now - 60, exp: now })),
      401,
      '{"detail":"Token is expired","code":"token_not_valid"}'
    ],
    [
      'no exp',
      sign(refreshClaims({ exp: undefined })),
      401,
      '{"detail":"Token has no \'exp\' claim","code":"token_not_valid"}'
    ],
    [
      'no jti',
      sign(refreshClaims({ jti: undefined })),
      401,
      '{"detail":"Token has no id","code":"token_not_valid"}'
    ],
    [
      'no type',
      sign(refreshClaims({ token_type: undefined })),
      401,
      '{"detail":"Token has no type","code":"token_not_valid"}'
    ],
    [
      'no user',
      sign(refreshClaims({ user_id: undefined })),
      401,
      '{"detail":"Token contained no recognizable user identification","code":"token_not_valid"}'
    ],
    ['no sid', sign(refreshClaims()), 401, BLACKLISTED],
    ['an unknown session', sign(refreshClaims({ sid: 'unknown' })), 401, BLACKLISTED]
  ]
  for (const [what, refresh, status, body] of cases) {
    const reply = await post('/api/token/refresh/', { refresh })
    t.equal(reply.body, body, what)
    t.equal(reply.statusCode, status, what)
    t.equal(
      reply.headers['www-authenticate'],
      status === 401 ? 'Bearer realm="api", error="invalid_token"' : undefined,
      what
    )
  }
})

t.test('a forged token that names a live session does not end it', async t => {
  const { login, post } = await buildApp(t)
  const { refresh } = await login()
  const { payload } = decode(refresh)
  await post('/api/token/refresh/', {
    refresh: sign({ ...payload, jti: 'other' }, undefined, 'another secret, of the same length')
  })
  t.equal((await post('/api/token/refresh/', { refresh })).statusCode, 200)
})

t.test('refresh: good tokens are limited by session', async t => {
  const { login, post } = await buildApp(t, {
    rateLimit: { refreshPerAddress: 1, refreshPerSession: 2 }
  })
  const refreshTimes = async (refresh: string) => {
    const statuses = []
    for (let count = 0; count < 3; count++) {
      statuses.push((await post('/api/token/refresh/', { refresh })).statusCode)
    }
    return statuses
  }
  t.strictSame(await refreshTimes((await login()).refresh), [200, 200, 429])
  t.strictSame(await refreshTimes((await login()).refresh), [200, 200, 429])
})

t.test('refresh: is limited before findUser and the store', async t => {
  const asked: string[] = []
  const memory = memoryStore()
  const { login, post } = await buildApp(t, {
    rateLimit: { refreshPerSession: 1 },
    findUser: () => { asked.push('findUser'); return { id: 1 } },
    store: {
      ...memory,
      rotate: rotation => { asked.push('rotate'); return memory.rotate(rotation) }
    }
  })
  const { refresh } = await login()
  await post('/api/token/refresh/', { refresh })
  asked.length = 0
  t.equal((await post('/api/token/refresh/', { refresh })).statusCode, 429)
  t.strictSame(asked, [])
})

t.test('refused requests of all token routes are limited by address together', async t => {
  const { app, login, post } = await buildApp(t, { rateLimit: { refreshPerAddress: 4 } })
  const { access, refresh } = await login()
  const statuses = [
    await post('/api/token/refresh/', { refresh: 'x' }),
    await post('/api/token/verify/', {}),
    await post('/api/token/blacklist/', { refresh: access }),
    await app.inject({ url: '/api/token/sessions/', headers: { authorization: 'Bearer x' } }),
    await post('/api/token/refresh/', []),
    await post('/api/token/verify/', { token: 'x' }),
    await app.inject({
      method: 'POST',
      url: '/api/token/blacklist/',
      headers: { 'content-type': 'application/json' },
      payload: '{'
    }),
    await app.inject({ url: '/api/token/sessions/' })
  ].map(reply => reply.statusCode)
  t.strictSame(statuses, [401, 400, 401, 401, 429, 429, 429, 429])
  const headers = { authorization: `Bearer ${access}` }
  t.equal((await app.inject({ url: '/api/token/sessions/', headers })).statusCode, 200)
  t.equal((await app.inject({ url: '/hello/' })).statusCode, 401, 'guarded routes are not limited')
  t.equal((await post('/api/token/verify/', { token: refresh })).statusCode, 200)
  t.equal((await post('/api/token/refresh/', { refresh })).statusCode, 200)
})

t.test('a token that the store refuses counts by session and by address', async t => {
  const { login, post, events } = await buildApp(t, {
    rateLimit: { refreshPerAddress: 2, refreshPerSession: 3 }, reuseInterval: 0
  })
  const { refresh } = await login()
  const statuses = []
  for (let count = 0; count < 5; count++) {
    statuses.push((await post('/api/token/refresh/', { refresh })).statusCode)
  }
  t.strictSame(statuses, [200, 401, 401, 429, 429])
  t.equal((await post('/api/token/verify/', { token: refresh })).statusCode, 429)
  t.match(events.filter(({ type }) => type === 'throttled').map(({ what }) => what), [
    'refreshPerSession', 'refreshPerSession', 'refreshPerAddress'
  ])
})

t.test('app.tokens is not limited', async t => {
  const { app, login } = await buildApp(t, {
    rateLimit: { refreshPerAddress: 1, refreshPerSession: 1 }
  })
  const { access, refresh } = await login()
  for (let count = 0; count < 5; count++) {
    await app.tokens.verify(access)
    await app.tokens.refresh(refresh)
    await t.rejects(app.tokens.verify('x'), { code: 'token_not_valid' })
  }
  await app.tokens.revoke(refresh)
})
