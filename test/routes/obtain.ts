import t from 'tap'
import { MINUTE, SECRET, START, buildApp, createUsers } from '../fixtures/app.ts'
import { createBrowser } from '../fixtures/clients/browser.ts'
import { decode } from '../fixtures/tokens/jwt.ts'

const REFUSED =
  '{"detail":"No active account found with the given credentials","code":"no_active_account"}'

t.test('a user name and a password are exchanged for a pair', async t => {
  const { post, events } = await buildApp(t)
  const reply = await post('/api/token/', { username: 'vitor', password: '123' })
  t.equal(reply.statusCode, 200)
  t.match(reply.body, /^\{"refresh":"[\w.-]+","access":"[\w.-]+"\}$/, 'refresh first, compact')
  t.equal(reply.headers['cache-control'], 'no-store')
  t.match(reply.headers['content-type'], /^application\/json/)

  const [refresh, access] = [reply.json().refresh, reply.json().access].map(decode)
  t.strictSame(access?.header, { alg: 'HS256', typ: 'JWT' })
  t.strictSame(Object.keys(access?.payload ?? {}), [
    'token_type', 'exp', 'iat', 'jti', 'user_id', 'sid'
  ])
  t.match(access?.payload, {
    token_type: 'access',
    exp: START / 1000 + 300,
    iat: START / 1000,
    jti: /^[0-9a-f]{32}$/,
    user_id: '1'
  })
  t.match(refresh?.payload, {
    token_type: 'refresh',
    exp: START / 1000 + 86_400,
    iat: START / 1000,
    jti: /^[0-9a-f]{32}$/,
    user_id: '1'
  })
  t.equal(refresh?.payload.sid, access?.payload.sid)
  t.match(events, [{ type: 'login', userId: '1', sid: access?.payload.sid, address: '127.0.0.1' }])
})

t.test('every login starts a session of its own', async t => {
  const { login } = await buildApp(t)
  const [first, second] = [await login(), await login()].map(({ access }) => decode(access).payload)
  t.not(first?.sid, second?.sid)
  t.not(first?.jti, second?.jti)
})

t.test('login: answers an unknown or inactive user and a wrong password alike', async t => {
  const { post, events } = await buildApp(t)
  const tries = [
    ['nobody', '123'],
    ['vitor', 'wrong'],
    ['Vitor', '123'],
    ['inactive', '123'],
    ['vitor', ' 123'],
    ['vitor', '123 ']
  ]
  for (const [username, password] of tries) {
    const reply = await post('/api/token/', { username, password })
    t.equal(reply.statusCode, 401)
    t.equal(reply.body, REFUSED)
    t.equal(reply.headers['www-authenticate'], 'Bearer realm="api"')
    t.equal(reply.headers['cache-control'], 'no-store')
  }
  t.strictSame(
    events.map(({ type, username }) => [type, username]),
    tries.map(([username]) => ['login_failed', username])
  )
})

t.test('verifyCredentials: may return null, undefined or false for an unknown user', async t => {
  for (const nobody of [null, undefined, false]) {
    const { post } = await buildApp(t, { verifyCredentials: () => nobody as null })
    t.equal((await post('/api/token/', { username: 'x', password: 'y' })).body, REFUSED)
  }
})

t.test('the user name loses the spaces around it, the password does not', async t => {
  const seen: unknown[] = []
  const { post } = await buildApp(t, {
    verifyCredentials: credentials => {
      seen.push(credentials)
      return null
    }
  })
  await post('/api/token/', { username: ' vitor\n', password: ' 12 3 ', admin: true })
  await post('/api/token/', { username: 'vitor', password: '   ' })
  t.strictSame(seen, [
    { username: 'vitor', password: ' 12 3 ', admin: true },
    { username: 'vitor', password: '   ' }
  ])
})

t.test('the login field may have another name', async t => {
  const seen: unknown[] = []
  const { post } = await buildApp(t, {
    usernameField: 'email',
    verifyCredentials: credentials => {
      seen.push(credentials)
      return { id: 'a' }
    }
  })
  t.equal((await post('/api/token/', { email: 'a@b.c', password: 'x' })).statusCode, 200)
  t.strictSame(seen, [{ email: 'a@b.c', username: 'a@b.c', password: 'x' }])
  t.equal(
    (await post('/api/token/', { username: 'a@b.c' })).body,
    '{"email":["This field is required."],"password":["This field is required."]}'
  )
})

t.test('custom claims: are in the refresh token only when findUser is not set', async t => {
  const claims = (user: { id: unknown }): Record<string, unknown> => ({
    role: `role of ${String(user.id)}`
  })
  const alone = await (await buildApp(t, { claims })).login()
  t.match(decode(alone.access).payload, {
    role: 'role of 1',
    exp: START / 1000 + 300,
    sid: /^[0-9a-f]{32}$/
  })
  t.equal(decode(alone.refresh).payload.role, 'role of 1')

  const users = createUsers()
  const recomputed = await (
    await buildApp(t, {
      claims,
      findUser: id => users.find(user => String(user.id) === id) ?? null
    })
  ).login()
  t.equal(decode(recomputed.access).payload.role, 'role of 1')
  t.notOk('role' in decode(recomputed.refresh).payload)
})

t.test('issuer and audience are written after sid', async t => {
  const { login } = await buildApp(t, {
    issuer: 'https://a.example',
    audience: 'b',
    claims: () => ({ role: 'r' })
  })
  t.strictSame(Object.keys(decode((await login()).access).payload), [
    'token_type', 'exp', 'iat', 'jti', 'user_id', 'sid', 'iss', 'aud', 'role'
  ])
})

t.test('the lifetimes are the options, and no token outlives its session', async t => {
  const times = async (options: object): Promise<unknown[]> => {
    const { access, refresh } = await (await buildApp(t, options)).login()
    return [access, refresh].map(token => decode(token).payload.exp as number - START / 1000)
  }
  t.strictSame(await times({ accessTokenLifetime: 60, refreshTokenLifetime: '2h' }), [60, 7200])
  t.strictSame(await times({ sessionLifetime: '2m' }), [120, 120])
})

t.test('login: is limited by address and user name before the password check', async t => {
  let checks = 0
  const verifyCredentials = (): null => { checks++; return null }
  const { post, clock } = await buildApp(t, {
    rateLimit: { loginPerAddress: 8, loginPerUsername: 3 },
    verifyCredentials
  })
  const statuses: number[] = []
  for (const username of ['vitor', 'VITOR', ' ｖｉｔｏｒ', 'Vitor', 'maria', 'x']) {
    statuses.push((await post('/api/token/', { username, password: 'x' })).statusCode)
  }
  t.strictSame(statuses, [401, 401, 401, 429, 401, 401])
  t.equal(checks, 5)
  for (const username of ['y', 'z']) await post('/api/token/', { username, password: 'x' })

  const reply = await post('/api/token/', { username: 'someone', password: 'x' })
  t.equal(reply.headers['retry-after'], '60')
  t.equal(
    reply.body,
    '{"detail":"Request was throttled. Expected available in 60 seconds.","code":"throttled"}'
  )
  clock.advance(MINUTE - 1000)
  t.equal(
    (await post('/api/token/', { username: 'another', password: 'x' })).json().detail,
    'Request was throttled. Expected available in 1 second.'
  )
  clock.advance(1000)
  t.equal((await post('/api/token/', { username: 'vitor', password: 'x' })).statusCode, 401)
})

t.test('login: one without a valid body counts nothing', async t => {
  const { app, post, events } = await buildApp(t, {
    rateLimit: { loginPerAddress: 2, loginPerUsername: 1 }
  })
  const bodies = [
    {}, [], 'x', { username: 'vitor' }, { username: 'vitor', password: 1 },
    { username: 'x'.repeat(300), password: '123' }
  ]
  for (let round = 0; round < 5; round++) {
    for (const body of bodies) t.equal((await post('/api/token/', body)).statusCode, 400)
    t.equal((await app.inject({ method: 'POST', url: '/api/token/' })).statusCode, 400)
  }
  const statuses: number[] = []
  for (const username of ['vitor', 'maria', 'x']) {
    statuses.push((await post('/api/token/', { username, password: '123' })).statusCode)
  }
  t.strictSame(statuses, [200, 401, 429])
  t.match(events, [
    { type: 'login' }, { type: 'login_failed' }, { type: 'throttled', what: 'loginPerAddress' }
  ])
})

t.test('empty requests of one client do not lock out others at its address', async t => {
  const { app, post } = await buildApp(t, { rateLimit: {} })
  for (let count = 0; count < 30; count++) {
    t.equal((await app.inject({ method: 'POST', url: '/api/token/' })).statusCode, 400)
  }
  for (let count = 0; count < 300; count++) {
    const { statusCode } = await app.inject({ method: 'POST', url: '/api/token/refresh/' })
    if (statusCode !== 400) t.equal(statusCode, 400)
  }
  t.equal((await post('/api/token/refresh/', {})).statusCode, 429, 'the neighbour is limited')
  const login = await post('/api/token/', { username: 'vitor', password: '123' })
  t.equal(login.statusCode, 200)
  const { refresh, access } = login.json()
  t.equal((await post('/api/token/verify/', { token: access })).statusCode, 200)
  const refreshed = await post('/api/token/refresh/', { refresh })
  t.equal(refreshed.statusCode, 200)
  t.equal(
    (await post('/api/token/blacklist/', { refresh: refreshed.json().refresh })).statusCode, 200)
})

t.test('login limits: default to 30 a minute per address and 5 per user name', async t => {
  const { post } = await buildApp(t, { rateLimit: {} })
  const count = async (username: (index: number) => string): Promise<number> => {
    const replies = await Promise.all(
      Array.from({ length: 40 }, (_, index) =>
        post('/api/token/', { username: username(index), password: 'x' })
      )
    )
    return replies.filter(reply => reply.statusCode === 401).length
  }
  t.equal(await count(() => 'vitor'), 5)
  const other = await buildApp(t, { rateLimit: {} })
  const replies = await Promise.all(
    Array.from({ length: 40 }, (_, index) =>
      other.post('/api/token/', { username: `user${index}`, password: 'x' })
    )
  )
  t.equal(replies.filter(reply => reply.statusCode === 401).length, 30)
})

t.test('login: simultaneous ones over one cookie revoke its session once', async t => {
  const ended: string[] = []
  const onSessionEnded = (sid: string): void => { ended.push(sid) }
  const { app, events } = await buildApp(t, { cookie: true, onSessionEnded })
  const browser = createBrowser(app)
  const credentials = { username: 'vitor', password: '123' }
  const { access } = (await browser.post('/api/token/', credentials)).json()
  const logins = Array.from({ length: 20 }, () => browser.post('/api/token/', credentials))
  for (const { statusCode } of await Promise.all(logins)) t.equal(statusCode, 200)
  const { sid } = decode(access).payload
  t.match(events.filter(({ type }) => type !== 'login'), [{ type: 'revoked', sid }])
  t.same(ended, [sid])
  t.equal((await app.tokens.sessions(1)).length, 20)
})

t.test('issue: returns a pair for a user, and refuses an inactive one', async t => {
  const { app, hello } = await buildApp(t)
  t.equal((await hello((await app.tokens.issue({ id: 7n })).access)).statusCode, 200)
  await t.rejects(app.tokens.issue({ id: 7, isActive: false }), {
    statusCode: 401,
    code: 'no_active_account'
  })
})

t.test('login: answers 500 when verifyCredentials returns a user without an id', async t => {
  const { post } = await buildApp(t, {
    secret: SECRET,
    verifyCredentials: () => ({}) as { id: string }
  })
  const reply = await post('/api/token/', { username: 'x', password: 'y' })
  t.equal(reply.statusCode, 500)
})
