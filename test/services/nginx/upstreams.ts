import { once } from 'node:events'
import {
  type IncomingMessage, type RequestListener, type ServerResponse, createServer
} from 'node:http'
import type { AddressInfo } from 'node:net'
import t, { type Test } from 'tap'
import { type Change, startNginx, withoutNginx } from '../../fixtures/servers/nginx.ts'
import { type SecureReply, secureClient } from '../../fixtures/clients/secure-request.ts'
import { freePort } from '../../fixtures/servers/server-process.ts'

/** A server behind nginx that counts what it gets, and whose answer is the listener's. */
async function startCounting (t: Test, listener: RequestListener) {
  const got: IncomingMessage[] = []
  const server = createServer((request, response) => {
    request.resume().on('end', () => {
      got.push(request)
      listener(request, response)
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => { server.close().closeAllConnections() })
  return { got, port: (server.address() as AddressInfo).port }
}

const hangUp = (_request: IncomingMessage, { socket }: ServerResponse): void => {
  socket?.destroy()
}
const answer = (_request: IncomingMessage, response: ServerResponse): void => { response.end('{}') }

const isUnavailable = (t: Test, { status, text, headers }: SecureReply, what: string): void => {
  t.equal(status, 502, what)
  t.equal(text, '{"detail":"The server is unavailable. Try again.","code":"server_unavailable"}')
  t.match(headers, {
    'retry-after': '1',
    'content-type': 'application/json',
    'cache-control': 'no-store'
  })
}

t.test('servers behind nginx', { skip: withoutNginx }, async t => {
  const behind = async (t: Test, servers: [number, number], ...changes: Change[]) =>
    secureClient(t, await startNginx(t, servers, ...changes))

  await t.test('a POST is not sent again after a server hangs up', async t => {
    const [one, other] = [await startCounting(t, hangUp), await startCounting(t, hangUp)]
    const count = (): number => one.got.length + other.got.length
    const ask = await behind(t, [one.port, other.port])
    for (let post = 1; post <= 10; post++) {
      isUnavailable(t, await ask({ path: '/api/token/refresh/', body: {} }), 'a POST')
    }
    t.equal(count(), 10)
    isUnavailable(t, await ask({ path: '/hello/' }), 'a GET')
    t.equal(count(), 14, 'each of the two is asked, and once more')

    const naive = await behind(
      t,
      [one.port, other.port],
      ['proxy_next_upstream error', 'proxy_next_upstream non_idempotent error']
    )
    await naive({ path: '/api/token/refresh/', body: {} })
    t.equal(count(), 18, 'one word more in the configuration, and it is spent again and again')
  })

  await t.test('a server that is down costs no request: the other server answers', async t => {
    const there = await startCounting(t, answer)
    const ask = await behind(t, [await freePort(), there.port])
    for (let round = 1; round <= 10; round++) {
      t.equal((await ask({ path: '/api/token/refresh/', body: {} })).status, 200, 'a POST')
      t.equal((await ask({ path: '/hello/' })).status, 200, 'a GET')
    }
    t.equal(there.got.length, 20)
    t.equal(new Set(there.got.map(({ socket }) => socket)).size < 10, true, 'connections are kept')
  })

  await t.test('a server that hangs up once is asked again the next time', async t => {
    let isIll = true
    const server = await startCounting(t, (request, response) => {
      (isIll ? hangUp : answer)(request, response)
    })
    const ask = await behind(t, [server.port, await freePort()])
    isUnavailable(t, await ask({ path: '/api/token/refresh/', body: {} }), 'a POST')
    isIll = false
    t.equal((await ask({ path: '/api/token/refresh/', body: {} })).status, 200)
  })

  await t.test('no server at all', async t => {
    const ask = await behind(t, [await freePort(), await freePort()])
    for (const request of [
      { path: '/api/token/', body: {} },
      { path: '/hello/' },
      { path: '/docs' }
    ]) {
      isUnavailable(t, await ask(request), request.path)
    }
    t.equal((await ask({ path: '/' })).status, 200, 'the page is there all the same')
  })

  await t.test('forged forwarding headers do not reach the app', async t => {
    const server = await startCounting(t, answer)
    const nginx = await startNginx(t, [server.port, server.port])
    const forged = {
      'x-forwarded-for': '6.6.6.6',
      'x-forwarded-proto': 'http',
      'x-forwarded-host': 'evil.example',
      'x-real-ip': '6.6.6.6',
      forwarded: 'for=6.6.6.6',
      'x-request-id': 'mine'
    }
    await secureClient(
      t, nginx
    )({ path: '/hello/', headers: { ...forged, authorization: 'Bearer x' }, from: '127.0.0.2' })
    const { 'x-request-id': id, ...headers } = server.got[0]?.headers ?? {}
    t.match(id, /^[0-9a-f]{32}$/)
    const host = `127.0.0.1:${nginx.port}`
    t.strictSame(headers, {
      host,
      'x-forwarded-for': '127.0.0.2',
      'x-forwarded-proto': 'https',
      'x-forwarded-host': host,
      'x-real-ip': '127.0.0.2',
      authorization: 'Bearer x'
    })
  })
})
