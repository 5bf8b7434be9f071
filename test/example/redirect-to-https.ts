import t from 'tap'
import { buildDemo } from '../fixtures/servers/built-demo.ts'

const PROXY = '10.0.0.1'
const http = {
  host: 'demo.example', 'x-forwarded-for': '192.0.2.7', 'x-forwarded-proto': 'http'
}

t.test('a request that a trusted proxy got without TLS is redirected', async t => {
  const app = await buildDemo(t, { TRUST_PROXY: PROXY })
  for (const [method, url] of [
    ['GET', '/'], ['HEAD', '/'], ['POST', '/api/token/'], ['GET', '/hello/?a=1&b=%2F'],
    ['OPTIONS', '/api/token/'], ['GET', '/no/route'], ['GET', '//other.example/']
  ] as const) {
    const reply = await app.inject({ method, url, headers: http, remoteAddress: PROXY })
    t.equal(reply.statusCode, 308, `${method} ${url}`)
    t.equal(reply.headers.location, `https://demo.example${url}`)
  }
  const { headers } = await app.inject({
    url: '/', headers: { ...http, host: 'demo.example:8080' }, remoteAddress: PROXY
  })
  t.equal(headers.location, 'https://demo.example/', 'the port of http is not that of https')
})

t.test('other requests are not redirected', async t => {
  const app = await buildDemo(t, { TRUST_PROXY: PROXY })
  for (const [name, headers, remoteAddress] of [
    ['with TLS', { ...http, 'x-forwarded-proto': 'https' }, PROXY],
    ['a health check of the platform', { host: '10.1.2.3:8000' }, PROXY],
    ['a proxy on this machine', { ...http, host: '127.0.0.1:8080' }, PROXY],
    ['a proxy on this machine, by IPv6', { ...http, host: '[::1]:8080' }, PROXY],
    ['a proxy on this machine, by name', { ...http, host: 'localhost:8080' }, PROXY],
    ['a host that is no name', { ...http, host: 'demo.example@other.example' }, PROXY],
    ['a peer that no proxy is', http, '192.0.2.1']
  ] as const) {
    const { statusCode } = await app.inject({ url: '/healthz', headers, remoteAddress })
    t.equal(statusCode, 200, name)
  }
})

t.test('without TRUST_PROXY nothing is redirected', async t => {
  const app = await buildDemo(t)
  t.equal((await app.inject({ url: '/healthz', headers: http })).statusCode, 200)
})
