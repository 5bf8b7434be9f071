import type { FastifyServerOptions } from 'fastify'
import { once } from 'node:events'
import { type AddressInfo, connect } from 'node:net'
import { text } from 'node:stream/consumers'
import t from 'tap'
import {
  GOOD, ISSUER, askAuthorize, authorizationOf, buildAuthorizeApp, postForm, queryWith
} from '../../fixtures/oauth/authorize-app.ts'

const URI = '/oauth/authorize'
const CONNECT = /^\/connect\?authorization=eyJ[\w.-]+$/

t.test('authorize: has no CORS, no Referer, no cache and no cookie', async t => {
  const { app } = await buildAuthorizeApp(t)
  for (const [changes, statusCode] of [
    [{}, 303], [{ scope: 'none' }, 303], [{ prompt: 'none' }, 303], [{ client_id: 'evil' }, 400]
  ] as const) {
    const reply = await askAuthorize(app, changes)
    t.equal(reply.statusCode, statusCode)
    t.equal(reply.headers['cache-control'], 'no-store')
    t.equal(reply.headers['x-content-type-options'], 'nosniff')
    if (statusCode === 303) t.equal(reply.headers['referrer-policy'], 'no-referrer')
    for (const name of Object.keys(reply.headers)) {
      t.notMatch(name, /^access-control|^set-cookie/)
    }
  }
})

t.test('authorize: HEAD and a trailing slash make no difference', async t => {
  for (const server of [{}, { routerOptions: { ignoreTrailingSlash: true } }]) {
    const { app } = await buildAuthorizeApp(t, { server })
    for (const method of ['GET', 'HEAD'] as const) {
      for (const slash of ['', '/']) {
        const { statusCode, headers, body } =
          await app.inject({ method, url: `${URI}${slash}?${queryWith()}` })
        t.same([statusCode, body], [303, ''])
        t.match(headers.location, CONNECT)
      }
    }
  }
})

t.test('authorize: a form by POST is a query by GET', async t => {
  const { app } = await buildAuthorizeApp(t)
  for (const slash of ['', '/']) {
    const { statusCode, headers } = await postForm(app, URI + slash, queryWith())
    t.equal(statusCode, 303)
    t.equal(headers['referrer-policy'], 'no-referrer')
    t.match(authorizationOf(headers.location), { state: GOOD.state, scope: GOOD.scope })
  }
})

t.test('authorize: a form is read without the query of its URL', async t => {
  const { app } = await buildAuthorizeApp(t)
  const good = await postForm(app, `${URI}?client_id=evil-app&state=x`, queryWith())
  t.equal(authorizationOf(good.headers.location).state, GOOD.state)
  const empty = await postForm(app, `${URI}?${queryWith()}`, '')
  t.same([empty.statusCode, empty.headers.location], [400, undefined])
})

t.test('authorize: a query has at most 4096 bytes, and so has a form', async t => {
  const { app } = await buildAuthorizeApp(t)
  const start = `${queryWith()}&x=`
  const longest = start + 'x'.repeat(4096 - start.length)
  t.equal(longest.length, 4096)
  t.match((await app.inject(`${URI}?${longest}`)).headers.location, CONNECT)
  t.match((await postForm(app, URI, longest)).headers.location, CONNECT)
  for (const reply of [
    await app.inject(`${URI}?${longest}x`), await postForm(app, URI, `${longest}x`)
  ]) {
    t.equal(reply.statusCode, 400)
    t.equal(reply.json().error, 'invalid_request')
    t.equal(reply.headers.location, undefined)
  }
})

t.test('authorize: a form of another type is a 400 without a redirect', async t => {
  const { app } = await buildAuthorizeApp(t)
  for (const type of ['application/json', 'text/plain', 'multipart/form-data; boundary=x']) {
    const { statusCode, headers, body } =
      await postForm(app, URI, queryWith(), { 'content-type': type })
    t.same([statusCode, headers.location], [400, undefined])
    t.equal(JSON.parse(body).error, 'invalid_request')
  }
})

t.test('authorize: a query that is not UTF-8 is a 400 without a redirect', async t => {
  const { app } = await buildAuthorizeApp(t)
  for (const reply of [
    await app.inject(`${URI}?${queryWith()}&x=%FF`), await postForm(app, URI, `${queryWith()}&x=%FF`)
  ]) {
    t.same([reply.statusCode, reply.headers.location], [400, undefined])
  }
})

t.test('authorize: counts each request of an address, also a good one', async t => {
  const { app, events } = await buildAuthorizeApp(t, {
    core: { rateLimit: {} }, oauth: { rateLimit: 3 }
  })
  t.equal((await askAuthorize(app)).statusCode, 303)
  t.equal((await postForm(app, URI, queryWith())).statusCode, 303)
  t.equal((await askAuthorize(app, { client_id: 'evil' })).statusCode, 400)
  const { statusCode, headers, body } = await askAuthorize(app)
  t.same([statusCode, headers.location], [429, undefined])
  t.same(JSON.parse(body),
    { error: 'temporarily_unavailable', error_description: 'Too many requests. Try again.' })
  t.equal(headers['retry-after'], '60')
  t.match(events.at(-1), { type: 'throttled', what: 'oauthPerAddress' })
  const other = await app.inject({ url: `${URI}?${queryWith()}`, remoteAddress: '192.0.2.9' })
  t.equal(other.statusCode, 303)
})

t.test('authorize: a fault of findClient is a 500 without a redirect', async t => {
  for (const [thrown, statusCode] of [
    [new Error('away'), 500], [Object.assign(new Error('away'), { statusCode: 503 }), 503],
    ['away', 500]
  ] as const) {
    const { app } = await buildAuthorizeApp(t, {
      oauth: { findClient: async () => { throw thrown } }
    })
    const reply = await askAuthorize(app, { client_id: 'not-listed' })
    t.same([reply.statusCode, reply.headers.location], [statusCode, undefined])
    t.equal((await askAuthorize(app)).statusCode, 303, 'a known client needs no lookup')
  }
})

t.test('authorize: sends to a page with a query, and to an absolute URL', async t => {
  for (const [interactionUrl, start] of [
    ['/connect?lang=pt', '/connect?lang=pt&authorization=eyJ'],
    [`${ISSUER}/connect`, `${ISSUER}/connect?authorization=eyJ`]
  ] as const) {
    const { app } = await buildAuthorizeApp(t, { oauth: { interactionUrl } })
    t.ok((await askAuthorize(app)).headers.location?.startsWith(start))
  }
})

t.test('authorize: follows the router of the host', async t => {
  const { app: rewritten } = await buildAuthorizeApp(t, {
    server: { rewriteUrl: ({ url = '' }) => url.replace(/^\/base\?x=1&/, `${URI}?`) }
  })
  t.match((await rewritten.inject(`/base?x=1&${queryWith()}`)).headers.location, CONNECT)
  const { app: semicolons } = await buildAuthorizeApp(t, {
    server: { useSemicolonDelimiter: true } as FastifyServerOptions
  })
  t.match((await semicolons.inject(`${URI}?${queryWith()}`)).headers.location, CONNECT)
  const { statusCode } = await semicolons.inject(`${URI};${queryWith()}`)
  t.equal(statusCode, 400, 'RFC 6749 section 3.1: a query')
  const { app: lenient } = await buildAuthorizeApp(t, {
    server: { routerOptions: { querystringParser: () => ({ client_id: 'evil-app' }) } }
  })
  t.match((await lenient.inject(`${URI}?${queryWith()}`)).headers.location, CONNECT)
})

t.test('authorize: raw bytes of a request line end in no header', async t => {
  const { app } = await buildAuthorizeApp(t)
  await app.listen({ host: '127.0.0.1', port: 0 })
  const { port } = app.server.address() as AddressInfo
  for (const state of ['\xe9\xff', '""<>\\^`{|}', '%0d%0aset-cookie:a=b']) {
    const socket = connect(port, '127.0.0.1')
    await once(socket, 'connect')
    const query = `${queryWith({ state: undefined, scope: 'unknown' })}&state=${state}`
    socket.end(Buffer.from(
      `GET ${URI}?${query} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n`, 'latin1'))
    const reply = await text(socket)
    t.match(reply, /^HTTP\/1.1 (303|400) /)
    t.notMatch(reply, /^set-cookie/im)
    const location = /^location: (.*)\r$/im.exec(reply)?.[1]
    if (location !== undefined) t.match(location, /^https:\/\/print\.example\/callback\?[!-~]+$/)
  }
})
