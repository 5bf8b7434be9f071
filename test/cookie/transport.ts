import t from 'tap'
import { createTransport } from '../../plugin/cookie/transport.ts'
import { createUnauthorized } from '../../plugin/errors.ts'
import { buildApp } from '../fixtures/app.ts'
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
  const inCookie = await createTransport({ ...options, cookie: { origins: [] } }, unauthorized)
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
  t.equal((await browser.post('/api/token/refresh/')).statusCode, 200, 'the session goes on')
})

t.test('of two registrations each has its own cookie', async t => {
  const { app } = await buildApp(t, { cookie: true, namespace: 'staff', prefix: '/staff/token' })
  const browser = createBrowser(app)
  await browser.post('/staff/token/', CREDENTIALS)
  t.strictSame([...browser.cookies.keys()], ['__Host-staff-refresh'])
  t.equal((await browser.post('/staff/token/refresh/')).statusCode, 200)
})
