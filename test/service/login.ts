import t from 'tap'
import type { FastifyReply } from 'fastify'
import type { SessionOptions, SimpleJwtOptions } from '../../plugin/index.ts'
import { DAY, MINUTE, START, buildApp } from '../fixtures/app.ts'
import type { Test } from '../fixtures/servers/home.ts'
import { countingStore } from '../fixtures/stores/counting-store.ts'
import { decode } from '../fixtures/tokens/jwt.ts'

const BROWSER = { headers: { origin: 'https://localhost', host: 'localhost' } }
const cookieOf = (headers: object): string =>
  String((headers as { 'set-cookie'?: unknown })['set-cookie'])

/** An app with a login route `/login`, which is like the package's with the same options. */
async function build (
  t: Test, options: Partial<SimpleJwtOptions> = {}, ofSession?: SessionOptions
) {
  const built = await buildApp(t, options)
  const { app, post } = built
  const act = { before: (_reply: FastifyReply): void => {} }
  app.post('/login', async (_request, reply) => {
    act.before(reply)
    return app.tokens.login({ id: 1, name: 'vitor', isActive: true }, reply, ofSession)
  })
  const other = () => post('/login', {}, BROWSER)
  const route = () => post('/api/token/', { username: 'vitor', password: '123' }, BROWSER)
  return { ...built, act, other, route }
}

t.test('login: answers what the login route answers', async t => {
  for (const cookie of [false, true]) {
    const { other, route } = await build(t, {
      cookie,
      claims: () => ({ role: 'author' }),
      loginResponse: (user, tokens, request) =>
        ({ name: (user as { name?: string }).name, tokens: Object.keys(tokens), ip: request.ip })
    })
    const replies = [await route(), await other()]
    for (const reply of replies) {
      t.equal(reply.statusCode, 200)
      t.equal(reply.headers['cache-control'], 'no-store')
      const names = cookie ? ['access'] : ['refresh', 'access']
      t.strictSame(Object.keys(reply.json()), [...names, 'name', 'tokens', 'ip'])
      t.match(reply.json(), { name: 'vitor', tokens: names, ip: '127.0.0.1' })
      t.match(decode(reply.json().access).payload, { user_id: '1', role: 'author' })
      t.equal(cookieOf(reply.headers).startsWith('__Host-refresh=ey'), cookie)
    }
  }
})

t.test('login: keeps the client of the request, and emits login', async t => {
  const { app, other, events } = await build(t)
  await other()
  t.match(await app.tokens.sessions(1), [{ address: '127.0.0.1', userAgent: 'lightMyRequest' }])
  t.match(events, [{ type: 'login', userId: '1', address: '127.0.0.1' }])
})

t.test('login: refuses an inactive user, and bad options before the session', async t => {
  const { app } = await buildApp(t)
  app.get('/inactive', async (_request, reply) =>
    app.tokens.login({ id: 1, is_active: false }, reply))
  app.get('/bad', async (_request, reply) =>
    app.tokens.login({ id: 1 }, reply, { claims: { exp: 1 } }))
  t.match((await app.inject('/inactive')).json(), { code: 'no_active_account' })
  t.match((await app.inject('/bad')).json(), { message: /login\(\)\.claims has the claim "exp"/ })
  t.same(await app.tokens.sessions(1), [])
})

t.test('loginResponse: a throw and a clash revoke the session and send no cookie', async t => {
  for (const loginResponse of [
    () => { throw new Error('no name') }, async () => ({ refresh: 'x' }), () => 'x' as never
  ]) {
    const { app, act, other, route, events } = await build(t, { cookie: true, loginResponse })
    const first = await route()
    t.equal(first.statusCode, 500)
    t.equal(first.headers['set-cookie'], undefined)
    act.before = reply => { reply.header('set-cookie', 'theme=dark') }
    const second = await other()
    t.equal(second.statusCode, 500)
    t.strictSame([second.headers['set-cookie']].flat(), ['theme=dark'])
    t.same(events.map(({ type }) => type), ['login', 'revoked', 'login', 'revoked'])
    t.same(await app.tokens.sessions(1), [])
  }
})

t.test('loginResponse: its error is the answer, though the session cannot be revoked', async t => {
  const { route } = await build(t, {
    loginResponse: () => { throw Object.assign(new Error('teapot'), { statusCode: 418 }) },
    store: { ...countingStore(), revoke: async () => { throw new Error('down') } }
  })
  t.match(await route(), { statusCode: 418 })
})

t.test('sessionOptions: gets the user, the credentials and the request', async t => {
  const seen: unknown[] = []
  const { post } = await buildApp(t, {
    sessionOptions: (user, credentials, request) => {
      seen.push(user.id, credentials, request.url)
      return { claims: { tenant: credentials.tenant } }
    }
  })
  const body = { username: 'vitor', password: '123', tenant: 'a' }
  const { access } = (await post('/api/token/', body)).json()
  t.strictSame(seen, [1, body, '/api/token/'])
  t.equal(decode(access).payload.tenant, 'a')
})

t.test('sessionOptions: a bad result starts no session', async t => {
  for (const [result, message] of [
    [{ persistent: 1 }, /option "sessionOptions\(\)\.persistent" must be true or false/],
    [{ claims: { jti: 'x' } }, /sessionOptions\(\)\.claims has the claim "jti"/],
    ['x', /sessionOptions\(\) must be given an object/]
  ] as const) {
    const { app, post } = await buildApp(t, { sessionOptions: () => result as never })
    const reply = await post('/api/token/', { username: 'vitor', password: '123' })
    t.match(reply.json(), { statusCode: 500, message })
    t.same(await app.tokens.sessions(1), [])
  }
})

t.test('session lifetimes: are those of this login, at each refresh', async t => {
  const { other, post, clock, app } = await build(t, { accessTokenLifetime: '5m' }, {
    refreshTokenLifetime: '1h', sessionLifetime: '100m'
  })
  let { refresh } = (await other()).json()
  const expires = (token: string) => decode(token).payload.exp as number - START / 1000
  t.equal(expires(refresh), 3600)
  clock.advance(30 * MINUTE)
  refresh = (await post('/api/token/refresh/', { refresh })).json().refresh
  t.equal(expires(refresh), 90 * 60)
  clock.advance(30 * MINUTE)
  const last = (await post('/api/token/refresh/', { refresh })).json()
  t.equal(expires(last.refresh), 100 * 60, 'the end of the session')
  clock.advance(40 * MINUTE)
  t.equal((await post('/api/token/refresh/', { refresh: last.refresh })).statusCode, 401)
  t.same(await app.tokens.sessions(1), [])
})

t.test('session lifetimes: a session may outlive the option', async t => {
  const { other, post, clock } = await build(t, { sessionLifetime: '2d' }, {
    refreshTokenLifetime: '90d', sessionLifetime: '365d'
  })
  let { refresh } = (await other()).json()
  for (let month = 0; month < 4; month++) {
    clock.advance(89 * DAY)
    const reply = await post('/api/token/refresh/', { refresh })
    t.equal(reply.statusCode, 200)
    refresh = reply.json().refresh
  }
  clock.advance(10 * DAY)
  t.equal((await post('/api/token/refresh/', { refresh })).statusCode, 401)
})

t.test('session lifetimes: an access token lives no longer than a refresh token', async t => {
  for (const rotateRefreshTokens of [true, false]) {
    const { other, post } = await build(t, { rotateRefreshTokens }, { refreshTokenLifetime: '1m' })
    const { access, refresh } = (await other()).json()
    const next = (await post('/api/token/refresh/', { refresh })).json()
    for (const token of [access, next.access]) {
      t.equal(decode(token).payload.exp, START / 1000 + 60)
    }
  }
})

t.test('cookie: its Max-Age is the refresh lifetime of the session', async t => {
  const { other, post } = await build(t, { cookie: true }, { refreshTokenLifetime: '7d' })
  const first = cookieOf((await other()).headers)
  t.match(first, '; Max-Age=604800;')
  const headers = { ...BROWSER.headers, cookie: first.split(';', 1)[0] as string }
  t.match(cookieOf((await post('/api/token/refresh/', {}, { headers })).headers), 'Max-Age=604800')
})

t.test('cookie: one that is not persistent has no Max-Age, at each refresh', async t => {
  const { other, post, clock } = await build(t, { cookie: true }, { persistent: false })
  let set = cookieOf((await other()).headers)
  for (let count = 0; count < 3; count++) {
    t.match(set, /^__Host-refresh=[\w.-]+; Path=\/; HttpOnly; Secure; SameSite=Strict$/)
    clock.advance(MINUTE)
    const headers = { ...BROWSER.headers, cookie: set.split(';', 1)[0] as string }
    set = cookieOf((await post('/api/token/refresh/', {}, { headers })).headers)
  }
})
