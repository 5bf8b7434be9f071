import cookiePlugin from '@fastify/cookie'
import type { AddressInfo } from 'node:net'
import fastify from 'fastify'
import t from 'tap'
import simplejwt from '../../plugin/index.ts'
import { buildApp } from '../fixtures/app.ts'
import { createBrowser } from '../fixtures/clients/browser.ts'
import { type WireRequest, exchange } from '../fixtures/clients/exchange.ts'
import { goodOptions } from '../fixtures/host.ts'
import type { Test } from '../fixtures/servers/home.ts'

const CREDENTIALS = { username: 'vitor', password: '123' }
const FORM = 'application/x-www-form-urlencoded'

/**
 * A server in cookie mode with somebody who is logged in, and what the victim's browser would add
 * to a request by itself.
 */
async function victim (t: Test) {
  const { app, clock } = await buildApp(t, { cookie: true })
  app.addContentTypeParser(FORM, (_request, _body, done) => { done(null) })
  app.post('/login', async (_request, reply) => app.tokens.login({ id: 3 }, reply))
  await app.listen({ host: '127.0.0.1', port: 0 })
  const { port } = app.server.address() as AddressInfo
  const browser = createBrowser(app)
  await browser.post('/api/token/', CREDENTIALS)
  const cookie = `__Host-refresh=${browser.cookies.get('__Host-refresh')}`
  const send = (target: string, headers: string[], body = ''): ReturnType<typeof exchange> =>
    exchange(port, {
      method: 'POST',
      target,
      headers: ['Cookie', cookie, ...headers],
      body
    } satisfies WireRequest)
  return {
    app,
    clock,
    browser,
    port,
    cookie,
    send,
    isLoggedIn: async () => (await browser.post('/api/token/refresh/')).statusCode === 200
  }
}

/**
 * Requests that a page of another origin can make a browser send, and some that only a browser of
 * long ago would.
 */
const FOREIGN: { name: string, headers: string[] }[] = [
  {
    name: 'a form of another site',
    headers: [
      'Origin', 'https://evil.example', 'Sec-Fetch-Site', 'cross-site', 'Content-Type', FORM
    ]
  },
  {
    name: 'a script of another site',
    headers: [
      'Origin', 'https://evil.example', 'Sec-Fetch-Site', 'cross-site', 'Content-Type', 'text/plain'
    ]
  },
  {
    name: 'a form of a sibling subdomain, whose requests SameSite lets through',
    headers: [
      'Origin', 'https://sibling.example.com', 'Sec-Fetch-Site', 'same-site', 'Content-Type', FORM
    ]
  },
  {
    name: 'another port of the same machine, which is the same site',
    headers: ['Origin', 'http://127.0.0.1:1', 'Sec-Fetch-Site', 'same-site', 'Content-Type', FORM]
  },
  {
    name: 'a sandboxed frame',
    headers: ['Origin', 'null', 'Sec-Fetch-Site', 'cross-site', 'Content-Type', FORM]
  },
  {
    name: 'a browser without Fetch Metadata',
    headers: ['Origin', 'https://evil.example', 'Content-Type', FORM]
  },
  { name: 'no Origin and no Fetch Metadata', headers: ['Content-Type', FORM] },
  { name: 'no Origin, no Fetch Metadata and no content type', headers: [] },
  { name: 'a referrer of ours', headers: ['Referer', 'http://127.0.0.1/'] },
  {
    name: 'a forwarded host that nobody vouches for',
    headers: ['Origin', 'https://evil.example', 'X-Forwarded-Host', 'evil.example']
  },
  {
    name: 'a method in the body',
    headers: [
      'Origin', 'https://evil.example', 'Content-Type', FORM, 'X-HTTP-Method-Override', 'GET'
    ]
  }
]

t.test('a foreign page cannot refresh or log out with the cookie of the victim', async t => {
  const { send, isLoggedIn } = await victim(t)
  for (const { name, headers } of FOREIGN) {
    for (const target of [
      '/api/token/refresh/', '/api/token/blacklist/', '/api/token/refresh', '/api/token/blacklist'
    ]) {
      const reply = await send(target, headers, headers.includes(FORM) ? 'a=b' : '')
      t.equal(reply.status, 403, `${name}: ${target}`)
      t.equal(
        reply.body,
        '{"detail":"CSRF Failed: the request came from another origin.","code":"csrf_failed"}'
      )
      t.notOk(reply.headers.has('set-cookie'))
      t.notOk(reply.headers.has('access-control-allow-origin'))
    }
  }
  t.ok(await isLoggedIn())
})

t.test('a foreign page cannot log the victim in as another user', async t => {
  const { send, isLoggedIn } = await victim(t)
  for (const { name, headers } of FOREIGN.filter(({ headers }) => headers.includes(FORM))) {
    const reply = await send('/api/token/', headers, 'username=maria&password=456')
    t.equal(reply.status, 403, name)
    t.notOk(reply.headers.has('set-cookie'))
  }
  t.ok(await isLoggedIn())
})

t.test('a login route of the host that checks no origin revokes nothing for them', async t => {
  const { send, isLoggedIn } = await victim(t)
  for (const { name, headers } of FOREIGN.filter(({ headers }) => headers.includes(FORM))) {
    const reply = await send('/login', headers, 'a=b')
    t.equal(reply.status, 200, name)
    t.ok(await isLoggedIn(), name)
  }
  t.equal((await send('/login', ['Sec-Fetch-Site', 'same-origin'])).status, 200)
  t.notOk(await isLoggedIn(), 'a page of the origin itself')
})

t.test('rate limits do not count the requests of a foreign page', async t => {
  const { app } = await buildApp(t, {
    cookie: true,
    rateLimit: { refreshPerAddress: 3, loginPerAddress: 3 }
  })
  const foreign = { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' }
  const browser = createBrowser(app)
  for (let count = 0; count < 10; count++) {
    t.equal((await browser.post('/api/token/', CREDENTIALS, foreign)).statusCode, 403)
    t.equal((await browser.post('/api/token/refresh/', undefined, foreign)).statusCode, 403)
  }
  t.equal((await browser.post('/api/token/', CREDENTIALS)).statusCode, 200)
  t.equal((await browser.post('/api/token/refresh/')).statusCode, 200)
})

t.test('a page of the origin itself is let in, and one whose origin is named', async t => {
  const { port, send } = await victim(t)
  t.equal((await send('/api/token/refresh/', ['Origin', `http://127.0.0.1:${port}`])).status, 200)
  const { app } = await buildApp(t, { cookie: { origins: ['https://app.example.com'] } })
  const page = { origin: 'https://app.example.com', 'sec-fetch-site': 'same-site' }
  const browser = createBrowser(app, page)
  t.equal((await browser.post('/api/token/', CREDENTIALS)).statusCode, 200)
  t.equal((await browser.post('/api/token/refresh/')).statusCode, 200)
  t.equal((await browser.post('/api/token/blacklist/')).statusCode, 200)
})

/** An Origin without Fetch Metadata, and what a proxy adds. Trusted: the proxy's headers count. */
const SPELLINGS: [headers: Record<string, string>, direct: number, trusted: number][] = [
  [{ host: 'app.example', origin: 'https://app.example' }, 200, 200],
  [{ host: 'app.example:443', origin: 'https://app.example' }, 200, 200],
  [{ host: 'app.example:80', origin: 'http://app.example' }, 200, 200],
  [{ host: 'app.example:80', origin: 'https://app.example' }, 403, 403],
  [{ host: 'app.example:443', origin: 'http://app.example' }, 403, 403],
  [{ host: 'app.example', origin: 'http://app.example', 'x-forwarded-proto': 'https' }, 200, 403],
  [{ host: '10.0.0.5', origin: 'https://a.example', 'x-forwarded-host': 'a.example:443' }, 403, 200],
  [{ host: 'app.example', origin: 'https://b.example', 'x-forwarded-host': 'c.example' }, 403, 403]
]

t.test('the Host may name the default port of an origin, and the scheme counts', async t => {
  for (const [index, server] of [{}, { trustProxy: '127.0.0.1' }].entries()) {
    const { app } = await buildApp(t, { cookie: true }, server)
    for (const [headers, ...expected] of SPELLINGS) {
      const reply = await app.inject({
        method: 'POST', url: '/api/token/', headers, payload: CREDENTIALS
      })
      t.equal(reply.statusCode, expected[index], JSON.stringify({ ...server, headers }))
    }
  }
})

t.test('an odd or oversized cookie is refused, and a thousand others are ignored', async t => {
  const { port, cookie } = await victim(t)
  const same = ['Sec-Fetch-Site', 'same-origin']
  const odd: [name: string, cookie: string, status: number][] = [
    ['9 KB', `__Host-refresh=${'x'.repeat(9000)}`, 401],
    ['20 KB', `__Host-refresh=${'x'.repeat(20_000)}`, 431],
    ['empty', '__Host-refresh=', 401],
    ['quoted', `__Host-refresh="${cookie.slice(15)}"`, 401],
    ['with a space', cookie.replace('.', '. '), 401],
    ['percent signs', cookie.replace('.', '%2E%'), 401],
    ['another name', cookie.replace('__Host-refresh', 'refresh'), 401],
    ['lower case', cookie.replace('__Host', '__host'), 401],
    ['bytes that are no text', '__Host-refresh=\u00ff\u0080', 401],
    ['a thousand others', `${'a=b; '.repeat(1000)}${cookie}`, 200]
  ]
  for (const [name, text, status] of odd) {
    const reply = await exchange(port, {
      method: 'POST',
      target: '/api/token/refresh/',
      headers: ['Cookie', text, ...same],
      body: ''
    })
    t.equal(reply.status, status, name)
  }
})

t.test('the cookie refreshes no access token and opens no guarded route', async t => {
  const { app, port, cookie } = await victim(t)
  const { access } = (await createBrowser(app).post('/api/token/', CREDENTIALS)).json()
  t.match(
    await exchange(port, {
      method: 'POST',
      target: '/api/token/refresh/',
      headers: ['Cookie', `__Host-refresh=${access}`, 'Sec-Fetch-Site', 'same-origin'],
      body: ''
    }),
    { status: 401 }
  )
  t.equal(
    (
      await exchange(port, {
        method: 'GET',
        target: '/hello/',
        headers: ['Cookie', cookie, 'Sec-Fetch-Site', 'same-origin']
      })
    ).status,
    401
  )
})

t.test('@fastify/cookie of the host works, registered before or after ours', async t => {
  for (const isFirst of [true, false]) {
    const app = fastify()
    t.after(() => app.close())
    if (isFirst) await app.register(cookiePlugin, { secret: 'a secret of the host' })
    await app.register(simplejwt, goodOptions({ cookie: true }))
    if (!isFirst) await app.register(cookiePlugin, { secret: 'a secret of the host' })
    app.post('/theirs', async (request, reply) =>
      reply.setCookie('theirs', 'yes', { signed: true }).send(request.cookies)
    )
    const browser = createBrowser(app)
    t.equal((await browser.post('/api/token/', CREDENTIALS)).statusCode, 200)
    t.equal((await browser.post('/api/token/refresh/')).statusCode, 200)
    const theirs = await app.inject({ method: 'POST', url: '/theirs', headers: { cookie: 'a=b' } })
    t.strictSame(theirs.json(), { a: 'b' })
    t.match(theirs.headers['set-cookie'], /^theirs=yes\./)
  }
})

t.test('an old Safari names its origin alone, and gets the cookie beside apps', async t => {
  const { app } = await buildApp(t, { cookie: { bodyForApps: true } })
  await app.listen({ host: '127.0.0.1', port: 0 })
  const { port } = app.server.address() as AddressInfo
  const send = (target: string, headers: string[], body = '') => exchange(port, {
    method: 'POST',
    target,
    headers: ['User-Agent', 'Version/15.6 Safari/605.1.15', 'Content-Type', FORM, ...headers],
    body
  })
  const safari = ['Origin', `http://127.0.0.1:${port}`]
  const login = await send('/api/token/', safari, 'username=vitor&password=123')
  t.strictSame(Object.keys(JSON.parse(login.body)), ['access'])
  const cookie = ['Cookie', login.headers.get('set-cookie')?.split(';')[0] as string]
  const refreshed = await send('/api/token/refresh/', [...safari, ...cookie])
  t.strictSame(Object.keys(JSON.parse(refreshed.body)), ['access'])
  for (const headers of [
    ['Origin', 'https://evil.example', ...cookie], ['Origin', 'null', ...cookie], cookie
  ]) {
    for (const target of ['/api/token/refresh/', '/api/token/blacklist/']) {
      const reply = await send(target, headers)
      t.same([reply.status, reply.headers.has('set-cookie')], [403, false], headers.join(' '))
    }
  }
  const byApp = await send('/api/token/', [], 'username=vitor&password=123')
  t.strictSame(Object.keys(JSON.parse(byApp.body)), ['refresh', 'access'], 'an app has neither')
})
