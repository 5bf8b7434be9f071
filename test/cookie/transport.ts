import fastify, { type FastifyInstance } from 'fastify'
import t from 'tap'
import { createTransport } from '../../plugin/cookie/transport.ts'
import { createUnauthorized } from '../../plugin/errors.ts'
import simplejwt, { memoryStore } from '../../plugin/index.ts'
import { DAY, SECRET, buildApp } from '../fixtures/app.ts'
import { createBrowser } from '../fixtures/clients/browser.ts'
import { decode } from '../fixtures/tokens/jwt.ts'

const CREDENTIALS = { username: 'vitor', password: '123' }

t.test('without cookie mode refresh tokens are in bodies, and cookies are ignored', async t => {
  const { app, post, login } = await buildApp(t)
  const { refresh } = await login()
  const reply = await post('/api/token/refresh/', { refresh })
  t.strictSame(Object.keys(reply.json()), ['access', 'refresh'])
  t.notOk('set-cookie' in reply.headers)
  const byCookie = await app.inject({
    method: 'POST',
    url: '/api/token/refresh/',
    headers: { cookie: `__Host-refresh=${refresh}`, 'sec-fetch-site': 'same-origin' }
  })
  t.equal(byCookie.statusCode, 400)
  t.equal((await post('/api/token/blacklist/', { refresh: reply.json().refresh })).statusCode, 200)
  const all = await remove(app, '/api/token/sessions/', (await login()).access)
  t.same([all.statusCode, all.headers['set-cookie']], [204, undefined])
})

t.test('a login gives the access token, and the refresh token in a cookie', async t => {
  const { app, hello } = await buildApp(t, { cookie: true })
  const browser = createBrowser(app)
  const reply = await browser.post('/api/token/', CREDENTIALS)
  t.equal(reply.statusCode, 200)
  t.strictSame(Object.keys(reply.json()), ['access'])
  t.equal(reply.headers['cache-control'], 'no-store')
  t.match(browser.set, [
    /^__Host-refresh=[\w.-]+; Max-Age=86400; Path=\/; HttpOnly; Secure; SameSite=Strict$/
  ])
  t.equal(decode(browser.cookies.get('__Host-refresh') as string).payload.token_type, 'refresh')
  t.equal((await hello(reply.json().access)).statusCode, 200)
})

t.test('a refresh without a body takes the cookie and sets its successor', async t => {
  const { app, clock, hello } = await buildApp(t, { cookie: true })
  const browser = createBrowser(app)
  await browser.post('/api/token/', CREDENTIALS)
  const first = browser.cookies.get('__Host-refresh')
  for (const payload of [undefined, {}]) {
    clock.advance(1000)
    const before = browser.cookies.get('__Host-refresh')
    const reply = await browser.post('/api/token/refresh/', payload)
    t.strictSame(Object.keys(reply.json()), ['access'])
    t.equal(browser.set.length, 1)
    t.not(browser.cookies.get('__Host-refresh'), before)
    t.equal((await hello(reply.json().access)).statusCode, 200)
  }
  clock.advance(60_000)
  browser.cookies.set('__Host-refresh', first as string)
  t.match(
    (await browser.post('/api/token/refresh/')).json(),
    { detail: 'Token is blacklisted' },
    'and a spent one that comes back ends the session'
  )
})

t.test('refuseLong: throws for a refresh token that fits into no cookie', async t => {
  const unauthorized = createUnauthorized('api')
  const options = { namespace: undefined, refreshTokenLifetime: 1000 }
  const inBody = await createTransport({ ...options, cookie: false }, unauthorized)
  const cookie = { origins: [], bodyForApps: false }
  const inCookie = await createTransport({ ...options, cookie }, unauthorized)
  const [longest, tooLong] = ['x'.repeat(4096 - '__Host-refresh'.length), 'x'.repeat(4090)]
  inBody.refuseLong(tooLong)
  inCookie.refuseLong(longest)
  t.throws(() => { inCookie.refuseLong(tooLong) }, { name: 'RangeError' })
})

t.test('a second tab that refreshes at the same time gets the same cookie', async t => {
  const { app } = await buildApp(t, { cookie: true })
  const [one, other] = [createBrowser(app), createBrowser(app)]
  await one.post('/api/token/', CREDENTIALS)
  other.cookies.set('__Host-refresh', one.cookies.get('__Host-refresh') as string)
  await Promise.all([one.post('/api/token/refresh/'), other.post('/api/token/refresh/')])
  t.equal(one.cookies.get('__Host-refresh'), other.cookies.get('__Host-refresh'))
})

t.test('without rotation a refresh leaves the cookie as it is', async t => {
  const { app } = await buildApp(t, { cookie: true, rotateRefreshTokens: false })
  const browser = createBrowser(app)
  await browser.post('/api/token/', CREDENTIALS)
  const reply = await browser.post('/api/token/refresh/')
  t.equal(reply.statusCode, 200)
  t.strictSame(browser.set, [])
})

t.test('a logout ends the session and takes the cookie away', async t => {
  const { app } = await buildApp(t, { cookie: true })
  const browser = createBrowser(app)
  await browser.post('/api/token/', CREDENTIALS)
  const refresh = browser.cookies.get('__Host-refresh') as string
  const reply = await browser.post('/api/token/blacklist/')
  t.equal(reply.body, '{}')
  t.equal(browser.cookies.size, 0)
  browser.cookies.set('__Host-refresh', refresh)
  t.equal((await browser.post('/api/token/refresh/')).statusCode, 401)
  t.strictSame(
    browser.set, [], 'a refusal takes no cookie away: it may be the one of a newer login'
  )
})

t.test('refresh and logout without the cookie are a 401', async t => {
  const { app } = await buildApp(t, { cookie: true })
  for (const url of ['/api/token/refresh/', '/api/token/blacklist/']) {
    const reply = await createBrowser(app).post(url)
    t.equal(reply.statusCode, 401)
    t.equal(reply.headers['www-authenticate'], 'Bearer realm="api"')
    t.equal(reply.body, '{"detail":"Authentication credentials were not provided."}')
  }
})

t.test('a refresh token in a body is refused, with a cookie and without', async t => {
  const { app } = await buildApp(t, { cookie: true })
  const browser = createBrowser(app)
  await browser.post('/api/token/', CREDENTIALS)
  const refresh = browser.cookies.get('__Host-refresh') as string
  for (const url of ['/api/token/refresh/', '/api/token/blacklist/']) {
    for (const from of [browser, createBrowser(app)]) {
      for (const value of [refresh, '', null]) {
        const reply = await from.post(url, { refresh: value })
        t.equal(reply.statusCode, 400)
        t.equal(reply.body, '{"refresh":["The refresh token is taken from the cookie alone."]}')
      }
    }
    t.equal((await browser.post(url, [])).statusCode, 400)
  }
  browser.cookies.set('__Host-refresh', refresh)
  t.equal((await browser.post('/api/token/refresh/')).statusCode, 200, 'the session goes on')
})

t.test('each answer of logout removes the cookie', async t => {
  const { app } = await buildApp(t, { cookie: true, rateLimit: { refreshPerSession: 3 } })
  const browser = createBrowser(app)
  await browser.post('/api/token/', CREDENTIALS)
  const good = browser.cookies.get('__Host-refresh') as string
  const logout = async (cookie: string, payload?: unknown, headers?: Record<string, string>) => {
    browser.cookies.set('__Host-refresh', cookie)
    const { statusCode } = await browser.post('/api/token/blacklist/', payload, headers)
    return [statusCode, browser.cookies.size]
  }
  const form = { 'sec-fetch-site': 'same-origin', 'content-type': 'text/plain' }
  t.strictSame(await logout('x'), [401, 0], 'a bad token')
  t.strictSame(await logout(good, { refresh: good }), [400, 0], 'a token in the body')
  t.strictSame(await logout(good, 'x', form), [415, 0], 'another kind of body')
  t.strictSame(await logout(good, { pad: 'x'.repeat(20_000) }), [413, 0], 'too large a body')
  t.strictSame(await logout(good), [200, 0])
  t.strictSame(await logout(good), [401, 0], 'a blacklisted token')
  await logout(good)
  t.strictSame(await logout(good), [429, 0], 'too many requests')
  const browserWithout = createBrowser(app)
  await browserWithout.post('/api/token/blacklist/')
  t.match(browserWithout.set, [/^__Host-refresh=; Max-Age=0;/], 'a token that has expired')
})

t.test('a logout keeps the cookie with a 503, which asks for a retry', async t => {
  const store = memoryStore()
  const { app } = await buildApp(t, { cookie: true, store })
  const browser = createBrowser(app)
  await browser.post('/api/token/', CREDENTIALS)
  const { find } = store
  store.find = async () => { throw new Error('away') }
  t.equal((await browser.post('/api/token/blacklist/')).statusCode, 503)
  t.equal(browser.cookies.size, 1)
  store.find = find
  t.equal((await browser.post('/api/token/blacklist/')).statusCode, 200)
  t.equal(browser.cookies.size, 0)
})

t.test('a logout for another origin keeps the cookie, after the refusal of a hook too', async t => {
  const server = fastify()
  t.after(() => server.close())
  server.addHook('onRequest', async (request, reply) => {
    if (request.headers.host === 'blocked.example') await reply.code(401).send({})
  })
  await server.register(simplejwt, {
    secret: SECRET, verifyCredentials: () => ({ id: 1 }), rateLimit: false, cookie: true
  })
  const browser = createBrowser(server)
  await browser.post('/api/token/', CREDENTIALS)
  const foreign = { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' }
  const blocked = { host: 'blocked.example', 'sec-fetch-site': 'cross-site' }
  for (const [headers, status] of [[foreign, 403], [{}, 403], [blocked, 401]] as const) {
    t.equal((await browser.post('/api/token/blacklist/', undefined, headers)).statusCode, status)
    t.strictSame(browser.set, [])
  }
})

t.test('a refused refresh keeps the cookie, which another tab may have been given', async t => {
  const { app, clock } = await buildApp(t, { cookie: true, reuseInterval: 0 })
  const [one, other] = [createBrowser(app), createBrowser(app)]
  await one.post('/api/token/', CREDENTIALS)
  other.cookies.set('__Host-refresh', one.cookies.get('__Host-refresh') as string)
  t.equal((await one.post('/api/token/refresh/')).statusCode, 200)
  t.equal((await other.post('/api/token/refresh/')).statusCode, 401)
  t.strictSame(other.set, [])
  clock.advance(2 * DAY)
  t.equal((await one.post('/api/token/refresh/')).statusCode, 401, 'an expired token')
  t.strictSame(one.set, [])
})

/** Sends a DELETE as a page or as an app does. */
const remove = (
  app: FastifyInstance, url: string, access: string, headers: Record<string, string> = {}
) => app.inject({
  method: 'DELETE', url, headers: { authorization: `Bearer ${access}`, ...headers }
})

t.test('log out everywhere removes the cookie, of one session only if it is this one', async t => {
  const { app } = await buildApp(t, { cookie: true })
  const browser = createBrowser(app)
  const first = (await createBrowser(app).post('/api/token/', CREDENTIALS)).json().access
  const second = (await browser.post('/api/token/', CREDENTIALS)).json().access
  const sid = (token: string) => decode(token).payload.sid as string
  const other = await remove(app, `/api/token/sessions/${sid(first)}/`, second)
  t.same([other.statusCode, other.headers['set-cookie']], [204, undefined])
  const current = await remove(app, `/api/token/sessions/${sid(second)}/`, second)
  t.match(current, { statusCode: 204, headers: { 'set-cookie': /^__Host-refresh=; Max-Age=0;/ } })
  const third = (await browser.post('/api/token/', CREDENTIALS)).json().access
  const all = await remove(app, '/api/token/sessions/', third)
  t.match(all, { statusCode: 204, headers: { 'set-cookie': /^__Host-refresh=; Max-Age=0;/ } })
  const refused = await remove(app, '/api/token/sessions/', third)
  t.same([refused.statusCode, refused.headers['set-cookie']], [401, undefined])
})

t.test('a login of another origin replaces the cookie, and revokes no session', async t => {
  const { app } = await buildApp(t, { cookie: { origins: ['https://app.example.com'] } })
  app.post('/login', async (_request, reply) => app.tokens.login({ id: 3 }, reply))
  const browser = createBrowser(app)
  for (const [headers, left] of [
    [{ origin: 'https://evil.example.com', 'sec-fetch-site': 'same-site' }, 1],
    [{ 'sec-fetch-site': 'none' }, 1],
    [{}, 1],
    [{ origin: 'https://app.example.com', 'sec-fetch-site': 'same-site' }, 0],
    [{ origin: 'http://localhost:80' }, 0]
  ] as [Record<string, string>, number][]) {
    await browser.post('/api/token/', CREDENTIALS)
    await browser.post('/login', undefined, headers)
    t.equal(browser.set.length, 1)
    t.equal((await app.tokens.sessions(1)).length, left, JSON.stringify(headers))
    await app.tokens.revokeUser(1)
  }
})

t.test('without cookie mode a login replaces no token, in a cookie or in the body', async t => {
  const { app, post, login } = await buildApp(t)
  const { refresh } = await login()
  const headers = { cookie: `__Host-refresh=${refresh}`, 'sec-fetch-site': 'same-origin' }
  t.equal((await post('/api/token/', { ...CREDENTIALS, refresh }, { headers })).statusCode, 200)
  t.equal((await app.tokens.sessions(1)).length, 2)
})

t.test('of two registrations each has its own cookie', async t => {
  const { app } = await buildApp(t, { cookie: true, namespace: 'staff', prefix: '/staff/token' })
  const browser = createBrowser(app)
  await browser.post('/staff/token/', CREDENTIALS)
  t.strictSame([...browser.cookies.keys()], ['__Host-staff-refresh'])
  t.equal((await browser.post('/staff/token/refresh/')).statusCode, 200)
})
