import t from 'tap'
import { createTransport } from '../../plugin/cookie/transport.ts'
import { createUnauthorized } from '../../plugin/errors.ts'
import { buildApp } from '../fixtures/app.ts'
import { createBrowser } from '../fixtures/clients/browser.ts'
import { decode } from '../fixtures/tokens/jwt.ts'

const CREDENTIALS = { username: 'vitor', password: '123' }
const BOTH = { cookie: { bodyForApps: true } }
const REQUIRED = '{"refresh":["This field is required."]}'

t.test('bodyForApps: an app logs in, refreshes and logs out by body', async t => {
  const { post, hello, app } = await buildApp(t, BOTH)
  const login = await post('/api/token/', CREDENTIALS)
  t.strictSame(Object.keys(login.json()), ['refresh', 'access'])
  const reply = await post('/api/token/refresh/', { refresh: login.json().refresh })
  t.strictSame(Object.keys(reply.json()), ['access', 'refresh'])
  t.equal((await hello(reply.json().access)).statusCode, 200)
  const logout = await post('/api/token/blacklist/', { refresh: reply.json().refresh })
  t.equal(logout.body, '{}')
  for (const { headers } of [login, reply, logout]) t.notOk('set-cookie' in headers)
  t.strictSame(await app.tokens.sessions(1), [])
})

t.test('bodyForApps: a browser gets the cookie, by either header', async t => {
  const { app } = await buildApp(t, BOTH)
  for (const page of [
    { 'sec-fetch-site': 'same-origin' }, { origin: 'http://localhost:80' },
    { origin: 'http://localhost:80', 'sec-fetch-site': 'same-origin' }
  ]) {
    const browser = createBrowser(app, page as Record<string, string>)
    const replies = [
      await browser.post('/api/token/', CREDENTIALS), await browser.post('/api/token/refresh/')
    ]
    for (const reply of replies) t.strictSame(Object.keys(reply.json()), ['access'])
    t.equal(browser.cookies.size, 1)
    const refresh = browser.cookies.get('__Host-refresh')
    for (const url of ['/api/token/refresh/', '/api/token/blacklist/']) {
      t.equal(
        (await browser.post(url, { refresh })).body,
        '{"refresh":["The refresh token is taken from the cookie alone."]}'
      )
    }
    t.equal(browser.cookies.size, 0, 'a refused logout removes the cookie too')
  }
})

t.test('bodyForApps: both headers keep all checks of cookie mode', async t => {
  const { app } = await buildApp(t, BOTH)
  const browser = createBrowser(app)
  await browser.post('/api/token/', CREDENTIALS)
  for (const headers of [
    { origin: 'https://evil.example' }, { origin: 'null' }, { origin: '' },
    { 'sec-fetch-site': 'cross-site' }, { 'sec-fetch-site': 'none' }, { 'sec-fetch-site': '' }
  ] as Record<string, string>[]) {
    for (const url of ['/api/token/', '/api/token/refresh/', '/api/token/blacklist/']) {
      t.equal((await browser.post(url, CREDENTIALS, headers)).statusCode, 403)
      t.strictSame(browser.set, [])
    }
  }
})

t.test('bodyForApps: the cookie without a header of a browser is refused', async t => {
  const { app } = await buildApp(t, BOTH)
  const browser = createBrowser(app)
  await browser.post('/api/token/', CREDENTIALS)
  const refresh = browser.cookies.get('__Host-refresh')
  for (const url of ['/api/token/refresh/', '/api/token/blacklist/']) {
    for (const payload of [undefined, {}]) {
      const reply = await browser.post(url, payload, {})
      t.match(reply.json(), { code: 'csrf_failed' }, 'the cookie never goes into a body')
      t.equal(reply.statusCode, 403)
    }
    const both = await browser.post(url, { refresh }, {})
    t.equal(both.statusCode, 400)
    t.equal(
      both.body, '{"refresh":["The refresh token is in the cookie too. Send one of the two."]}')
    t.strictSame(browser.set, [])
  }
  t.equal((await browser.post('/api/token/refresh/')).statusCode, 200, 'the session goes on')
})

t.test('bodyForApps: an app without a token gets the 400 of the wire format', async t => {
  const { app, post } = await buildApp(t, BOTH)
  for (const url of ['/api/token/refresh/', '/api/token/blacklist/']) {
    t.match(await app.inject({ method: 'POST', url }), { statusCode: 400, body: REQUIRED })
    t.match(await post(url, {}), { statusCode: 400, body: REQUIRED })
    const messages = [[null, 'This field may not be null.'], [1, 'Not a valid string.']] as const
    for (const [refresh, message] of messages) {
      t.strictSame((await post(url, { refresh })).json(), { refresh: [message] })
    }
    t.equal((await post(url, { refresh: 'x' })).statusCode, 401)
    t.equal((await post(url, [])).statusCode, 400)
  }
})

t.test('bodyForApps: a login revokes the session of a cookie that it replaces', async t => {
  const { app, clock } = await buildApp(t, BOTH)
  const browser = createBrowser(app)
  await browser.post('/api/token/', CREDENTIALS)
  const byApp = (await browser.post('/api/token/', CREDENTIALS, {})).json()
  t.strictSame(Object.keys(byApp), ['refresh', 'access'])
  t.equal((await app.tokens.sessions(1)).length, 2, 'a login by body replaces no cookie')
  clock.advance(1000)
  const { access } = (await browser.post('/api/token/', CREDENTIALS)).json()
  const sids = (await app.tokens.sessions(1)).map(({ sid }) => sid)
  t.strictSame(sids, [byApp.access, access].map(token => decode(token).payload.sid))
})

t.test('bodyForApps: apps and browsers share one list of sessions', async t => {
  const { app, login, post } = await buildApp(t, BOTH)
  const browser = createBrowser(app)
  const page = (await browser.post('/api/token/', CREDENTIALS)).json()
  const pair = await login()
  const headers = { authorization: `Bearer ${page.access}` }
  const list = (await app.inject({ url: '/api/token/sessions/', headers })).json()
  t.strictSame(
    list.map(({ sid }: { sid: string }) => sid).sort(),
    [page.access, pair.access].map(token => decode(token).payload.sid).sort()
  )
  const reply = await app.inject({
    method: 'DELETE',
    url: '/api/token/sessions/',
    headers: { ...headers, 'sec-fetch-site': 'same-origin' }
  })
  t.match(reply.headers['set-cookie'], /^__Host-refresh=; Max-Age=0;/)
  t.equal((await post('/api/token/refresh/', { refresh: pair.refresh })).statusCode, 401)
  t.equal((await browser.post('/api/token/refresh/')).statusCode, 401)
})

t.test('bodyForApps: log out everywhere sends an app no cookie, unless it has one', async t => {
  const { app, login } = await buildApp(t, BOTH)
  for (const [cookie, expected] of [
    ['', undefined], ['theme=dark', undefined], ['__Host-refresh=a.b.c', /Max-Age=0/]
  ] as const) {
    const reply = await app.inject({
      method: 'DELETE',
      url: '/api/token/sessions/',
      headers: { authorization: `Bearer ${(await login()).access}`, cookie }
    })
    t.equal(reply.statusCode, 204)
    t.match(reply.headers['set-cookie'], expected as RegExp)
  }
})

t.test('bodyForApps: no other method of a token route answers with a token', async t => {
  const { app } = await buildApp(t, BOTH)
  const browser = createBrowser(app)
  await browser.post('/api/token/', CREDENTIALS)
  const cookie = `__Host-refresh=${browser.cookies.get('__Host-refresh')}`
  for (const method of ['GET', 'HEAD', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'] as const) {
    for (const url of ['/api/token/', '/api/token/refresh/', '/api/token/blacklist/']) {
      const { body, headers } = await app.inject({ method, url, headers: { cookie } })
      t.notMatch(body, /access|"refresh"/)
      t.notOk('set-cookie' in headers)
    }
  }
})

t.test('bodyForApps: an answer of the host to GET is never an app\'s', async t => {
  const { app } = await buildApp(t, BOTH)
  const transport = await createTransport({
    cookie: { origins: [], bodyForApps: true }, namespace: undefined, refreshTokenLifetime: 1000
  }, createUnauthorized('api'))
  app.route({
    method: ['GET', 'POST'],
    url: '/callback',
    handler: async (_request, reply) => transport.send(reply, { access: 'a', refresh: 'r' })
  })
  const byGet = await app.inject('/callback')
  t.strictSame(byGet.json(), { access: 'a' }, 'an old browser sends neither header with GET')
  t.match(byGet.headers['set-cookie'], /^__Host-refresh=r;/)
  t.strictSame(
    (await app.inject({ method: 'POST', url: '/callback' })).json(), { access: 'a', refresh: 'r' })
})
