import { Readable } from 'node:stream'
import t from 'tap'
import { MINUTE } from '../fixtures/app.ts'
import { openProxy } from '../fixtures/clients/counting-proxy.ts'
import { openWorld } from '../fixtures/client/world.ts'

const LIFETIME = 6 * MINUTE
const order = (body: BodyInit): RequestInit => ({ method: 'POST', body })
const streamOf = (text: string): ReadableStream => new Blob([text]).stream()

/** Bodies that a client may send twice, and what the server reads. */
const REPEATABLE: Record<string, [body: () => BodyInit, read: RegExp]> = {
  'a string': [() => 'tea', /^tea$/],
  URLSearchParams: [() => new URLSearchParams({ drink: 'tea' }), /tea/],
  FormData: [() => {
    const form = new FormData()
    form.set('drink', 'tea')
    return form
  }, /form-data; name="drink"\s+tea/],
  'a Blob': [() => new Blob(['tea']), /^tea$/],
  'an ArrayBuffer': [() => new TextEncoder().encode('tea').buffer as ArrayBuffer, /^tea$/],
  'a typed array': [() => new TextEncoder().encode('tea'), /^tea$/]
}

t.test('fetch: sends a call again that the guard has refused', async t => {
  const { logIn, clock, orders, proxy, url } = await openWorld(t)
  const client = await logIn()

  for (const [kind, [body, read]] of Object.entries(REPEATABLE)) {
    for (const form of ['init', 'Request']) {
      clock.advance(LIFETIME)
      proxy.log.length = orders.length = 0
      const reply = form === 'init'
        ? await client.fetch('/orders/', order(body()))
        : await client.fetch(new Request(`${url}/orders/`, order(body())))
      t.equal(reply.status, 200, `${kind} in ${form}`)
      t.same(proxy.statusesOf('/orders/'), ['401', '200'])
      t.equal(orders.length, 1, 'carried out once')
      t.match(orders[0], read)
    }
  }
})

t.test('fetch: sends a Request with a stream again, from a clone', async t => {
  const { logIn, clock, orders, proxy, url } = await openWorld(t)
  const client = await logIn()
  clock.advance(LIFETIME)
  const init = { method: 'POST', body: streamOf('tea'), duplex: 'half' }
  t.equal((await client.fetch(new Request(`${url}/orders/`, init))).status, 200)
  t.same(proxy.statusesOf('/orders/'), ['401', '200'])
  t.same(orders, ['tea'])
})

t.test('fetch: never sends a stream again', async t => {
  const { logIn, clock, expire, orders, proxy, refreshes } = await openWorld(t)
  const client = await logIn()
  const bodies = { stream: () => streamOf('tea'), iterable: () => Readable.from(['tea']) }
  for (const [kind, body] of Object.entries(bodies)) {
    clock.advance(LIFETIME)
    proxy.log.length = orders.length = 0
    const send = (): Promise<Response> =>
      client.fetch('/orders/', { method: 'POST', body: body() as BodyInit, duplex: 'half' } as {})
    t.equal((await send()).status, 401, kind)
    t.same(proxy.statusesOf('/orders/'), ['401'])
    t.equal((await send()).status, 200, 'the token is new by then')
    expire()
    t.equal((await send()).status, 200, 'an expired token is refreshed before')
    t.equal(refreshes().length, 2)
    t.same(orders, ['tea', 'tea'])
  }
})

t.test('fetch: refreshes before a stream if the token expires soon', async t => {
  const { logIn, moveClock, proxy, refreshes } = await openWorld(t)
  const client = await logIn()
  moveClock(5 * MINUTE - 20_000)
  const init = { method: 'POST', body: streamOf('tea'), duplex: 'half' }
  t.equal((await client.fetch('/orders/', init)).status, 200)
  t.same(refreshes(), ['200'])
  t.equal(proxy.log[0]?.url, '/api/token/refresh/')
})

t.test('fetch: sends a call at most twice', async t => {
  const { logIn, proxy, refreshes } = await openWorld(t)
  const client = await logIn()
  proxy.answer = ({ url }) => url === '/hello/'
    ? { status: 401, headers: { 'www-authenticate': 'Bearer error="invalid_token"' } }
    : undefined
  t.equal((await client.fetch('/hello/')).status, 401)
  t.same(proxy.statusesOf('/hello/'), ['401', '401'])
  t.same(refreshes(), ['200'])
  t.ok(client.user, 'the server still knows the session')
})

t.test('fetch: returns the 401 of a route, without a refresh', async t => {
  const { logIn, proxy, call } = await openWorld(t)
  const client = await logIn()
  t.same(await call(client, 10, '/own/'), { 401: 10 })
  t.equal(proxy.log.length, 10)
  t.same(await (await client.fetch('/own/')).json(), { code: 'wrong_pin' })
})

t.test('fetch: returns every other answer as it is', async t => {
  const { logIn, proxy } = await openWorld(t)
  const client = await logIn()
  for (const status of [403, 404, 408, 429, 500, 503]) {
    proxy.log.length = 0
    const headers = { 'www-authenticate': 'Bearer error="invalid_token"' }
    proxy.answer = () => ({ status, headers })
    const reply = await client.fetch('/orders/', order('tea'))
    t.equal(reply.status, status)
    t.equal(proxy.log.length, 1)
  }
  proxy.reset()
  proxy.lose = () => true
  await t.rejects(client.fetch('/orders/', order('tea')), TypeError, 'an answer that is lost')
  t.same(proxy.statusesOf('/'), ['200 lost'], 'the order may have been carried out')
})

t.test('fetch: returns a 401 if the session has been revoked', async t => {
  const { logIn, app, refreshes, proxy } = await openWorld(t)
  const client = await logIn()
  await app.tokens.revokeUser(1)
  const reply = await client.fetch('/hello/')
  t.equal(reply.status, 401)
  t.match(await reply.json(), { code: 'token_not_valid' }, 'its body can be read')
  t.equal(client.user, null)
  t.same(refreshes(), ['401'])
  t.same(proxy.statusesOf('/hello/'), ['401'], 'no call is repeated without a token')
})

t.test('fetch: sends the access token to no other origin', async t => {
  const { logIn, app, expire, proxy } = await openWorld(t)
  const other = await openProxy(t, Number(new URL(app.listeningOrigin).port))
  const client = await logIn()
  t.equal((await client.fetch(`${other.url}/hello/`)).status, 401)
  t.equal((await client.fetch(new Request(`${other.url}/hello/`))).status, 401)
  expire()
  t.equal((await client.fetch(new URL('/public/', other.url))).status, 200)
  t.same(other.log.map(({ headers }) => headers.authorization), [undefined, undefined, undefined])
  t.equal(proxy.log.length, 0, 'nor is it refreshed for one')
})

t.test('fetch: sends the access token to the origins of the option', async t => {
  const { logIn, app, proxy } = await openWorld(t)
  const other = await openProxy(t, Number(new URL(app.listeningOrigin).port))
  for (const origin of [other.url, `${other.url}/`, `${other.url}/api`]) {
    const client = await logIn({ origins: [origin] })
    t.equal((await client.fetch(`${other.url}/hello/`)).status, 200, origin)
    t.equal((await client.fetch('/hello/')).status, 200)
  }
  t.equal(proxy.statusesOf('/hello/').length, 1)
})

t.test('fetch: compares origins and not texts', async t => {
  const { logIn } = await openWorld(t)
  const seen: (string | null)[] = []
  const client = await logIn({
    origins: ['https://api.example:443', 'http://API.example'],
    async fetch (input, init) {
      const url = String((input as Request).url ?? input)
      if (url.includes('127.0.0.1')) return fetch(input, init)
      seen.push(`${url} ${new Headers(init?.headers).has('authorization')}`)
      return new Response()
    }
  })
  const urls = [
    'https://api.example/', 'http://api.example:80/', 'https://api.example:8443/',
    'https://api.example.evil/', 'https://api.example@evil.example/'
  ]
  for (const url of urls) await client.fetch(url)
  t.same(seen, [
    'https://api.example/ true', 'http://api.example/ true', 'https://api.example:8443/ false',
    'https://api.example.evil/ false', 'https://api.example@evil.example/ false'
  ])
})

t.test('fetch: leaves a caller\'s own Authorization alone', async t => {
  const { logIn, expire, proxy, url } = await openWorld(t)
  const client = await logIn()
  expire()
  const headers = { Authorization: 'Bearer mine' }
  t.equal((await client.fetch('/hello/', { headers })).status, 401)
  t.equal((await client.fetch(new Request(`${url}/hello/`, { headers }))).status, 401)
  t.same(proxy.log.map(({ headers }) => headers.authorization), ['Bearer mine', 'Bearer mine'])
})

t.test('fetch: keeps the headers and the method of a call', async t => {
  const { logIn, clock, proxy, url } = await openWorld(t)
  const client = await logIn()
  const headers = { 'x-request': 'seven' }
  const calls = [
    () => client.fetch('/orders/', { ...order('tea'), headers }),
    () => client.fetch(new Request(`${url}/orders/`, { ...order('tea'), headers })),
    () => client.fetch(new Request(`${url}/orders/`, { body: 'tea', method: 'POST' }), { headers })
  ]
  for (const call of calls) {
    clock.advance(LIFETIME)
    proxy.log.length = 0
    t.equal((await call()).status, 200)
    t.match(proxy.log, [
      { method: 'POST', status: 401, headers }, { url: '/api/token/refresh/' },
      { method: 'POST', status: 200, headers }
    ])
  }
})

t.test('fetch: resolves relative and absolute URLs as "baseUrl" says', async t => {
  const { logIn, url, proxy } = await openWorld(t)
  const client = await logIn({ baseUrl: `${url}/` })
  const places = ['/hello/', 'hello/', `${url}/hello/`, new URL('/hello/', url),
    new Request(`${url}/hello/`)]
  for (const place of places) t.equal((await client.fetch(place)).status, 200)
  t.equal(proxy.log.filter(({ url }) => url === '/hello/').length, places.length)
})

t.test('fetch: may be passed on without its client', async t => {
  const { logIn } = await openWorld(t)
  const { fetch } = await logIn()
  t.equal((await fetch('/hello/')).status, 200)
})

t.test('fetch: counts any 401 of another origin whose headers are hidden', async t => {
  const { logIn, proxy, refreshes } = await openWorld(t)
  const hide = (reply: Response): Response => {
    const hidden = new Response(reply.body, { status: reply.status })
    return Object.defineProperty(hidden, 'type', { value: 'cors' })
  }
  const client = await logIn({ fetch: async (...given) => hide(await fetch(...given)) })
  t.equal((await client.fetch('/own/')).status, 401)
  t.same(proxy.statusesOf('/own/'), ['401', '401'], 'once more')
  t.same(refreshes(), ['200'])
  proxy.answer = () => ({ status: 403 })
  t.equal((await client.fetch('/hello/')).status, 403)
  t.same(proxy.statusesOf('/hello/'), ['403'])
})

t.test('client: follows the paths, the prefix and the claim of the server', async t => {
  const servers = [
    { prefix: '/auth' },
    { prefix: '/auth', paths: { obtain: '/log-in', refresh: '/again', sessions: '/devices' } },
    { userIdClaim: 'sub' }
  ]
  for (const options of servers) {
    const { connect, expire, call, proxy } = await openWorld(t, options)
    const client = connect(options)
    const user = await client.login({ username: 'vitor', password: '123' })
    t.match(user, { [options.userIdClaim ?? 'user_id']: '1' })
    expire()
    t.same(await call(client, 5), { 200: 5 })
    t.match(await client.sessions(), [{ current: true }])
    await client.endSession('unknown').catch(() => {})
    await client.logout()
    const paths = new Set(proxy.log.map(({ url }) => url))
    t.equal([...paths].some(path => path.startsWith('/api/token')), 'userIdClaim' in options)
    t.equal(client.user, null)
  }
})
