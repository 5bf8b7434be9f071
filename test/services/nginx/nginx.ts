import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, readdirSync } from 'node:fs'
import { connect as connectHttp2 } from 'node:http2'
import { connect as connectTls } from 'node:tls'
import { promisify } from 'node:util'
import t from 'tap'
import type { TokenPair } from '../../../plugin/index.ts'
import { startDemo } from '../../fixtures/servers/demo.ts'
import { startNginx, withoutNginx } from '../../fixtures/servers/nginx.ts'
import { until } from '../../fixtures/servers/processes.ts'
import { redisProgram, startRedis } from '../../fixtures/servers/redis.ts'
import { secureClient } from '../../fixtures/clients/secure-request.ts'
import { freePort, talk } from '../../fixtures/servers/server-process.ts'
import { findProgram, skipUnless } from '../../fixtures/servers/programs.ts'

const run = promisify(execFile)
const http = findProgram('http')
const curl = findProgram('curl')
const skip = withoutNginx || skipUnless(redisProgram, 'redis-server')

t.test('nginx in front of two workers that share a Redis', { skip }, async t => {
  const { url: redisUrl } = await startRedis(t)
  const demo = await startDemo(t, {
    WEB_CONCURRENCY: '2',
    STORE_URL: redisUrl,
    TRUST_PROXY: '127.0.0.1'
  })
  const appPort = Number(new URL(demo.url).port)
  const nginx = await startNginx(t, [appPort, await freePort()])
  const { url, port, plainPort, certificate: ca } = nginx
  const ask = secureClient(t, nginx)

  await t.test('TLS 1.2 and 1.3, and HTTP/2', async t => {
    for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
      const socket = connectTls({
        port,
        host: '127.0.0.1',
        ca,
        minVersion: version,
        maxVersion: version,
        ALPNProtocols: ['h2', 'http/1.1']
      })
      await once(socket, 'secureConnect')
      t.equal(socket.getProtocol(), version)
      t.equal(socket.alpnProtocol, 'h2')
      socket.destroy()
    }
    const old = connectTls({
      port,
      host: '127.0.0.1',
      ca,
      minVersion: 'TLSv1.1',
      maxVersion: 'TLSv1.1',
      ciphers: 'ALL:@SECLEVEL=0'
    })
    t.match(
      await once(old, 'secureConnect').catch((error: Error) => error),
      /alert protocol version/,
      'none that is older'
    )

    const session = connectHttp2(url, { ca })
    t.after(() => session.close())
    const request = session.request({ ':path': '/hello/' })
    const [headers] = await once(request, 'response')
    request.resume()
    t.equal(headers[':status'], 401)
  })

  await t.test('without TLS a page is sent on, and a password or a token is refused', async t => {
    const plain = (bytes: string): Promise<string> =>
      talk(
        plainPort,
        bytes.replace('HTTP/1.1\r\n', 'HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n')
      )
    t.match(
      await plain('GET /docs?a=1 HTTP/1.1\r\n\r\n'),
      new RegExp(`^HTTP/1.1 301 .*^Location: https://localhost:${port}/docs\\?a=1\r$`, 'ms')
    )
    for (const head of [
      'POST /api/token/ HTTP/1.1\r\nContent-Length: 0',
      'GET /hello/ HTTP/1.1\r\nAuthorization: Bearer x'
    ]) {
      const said = await plain(`${head}\r\n\r\n`)
      t.match(said, /^HTTP\/1.1 403 /)
      t.match(said, '"code":"insecure_transport"')
      t.notMatch(said, /^Location/m)
    }
  })

  await t.test('the page comes from nginx, with the headers that the app sends', async t => {
    const direct = Object.fromEntries((await fetch(demo.url)).headers)
    const { status, headers, text } = await ask({ path: '/' })
    t.equal(status, 200)
    t.equal(text, await (await fetch(demo.url)).text())
    const ofConnection = [
      'connection', 'keep-alive', 'date', 'etag', 'last-modified', 'content-length'
    ]
    for (const [name, value] of Object.entries(direct).filter(
      ([name]) => !ofConnection.includes(name)
    )) {
      t.equal(headers[name], value, name)
    }
    t.match(headers, { server: 'nginx' }, 'and no version')
    t.match(await nginx.logged('/'), { status: '200', upstream: '' }, 'without the app')

    for (const file of readdirSync('example/public')) {
      const reply = await ask({ path: `/${file}` })
      t.equal(reply.status, 200, file)
      t.equal(reply.text, readFileSync(`example/public/${file}`, 'utf8'))
      t.match(reply.headers['content-type'], /^text\/(html|css|javascript); charset=utf-8$/)
    }
    t.equal(
      (await ask({ path: '/client.js' })).text,
      readFileSync('dist/client/index.js', 'utf8'),
      'the app answers with the client of the package'
    )
    t.match(
      JSON.parse((await ask({ path: '/nothing' })).text),
      { statusCode: 404 },
      'the app answers for a missing file'
    )
  })

  await t.test(
    'log in, refresh and call /hello/ with httpie and curl',
    { skip: skipUnless(http, 'httpie') || skipUnless(curl, 'curl') },
    async t => {
      const verify = ['--ignore-stdin', `--verify=${nginx.certificatePath}`]
      const httpie = async (...args: string[]): Promise<TokenPair> =>
        JSON.parse((await run(http as string, [...verify, ...args])).stdout)
      const { refresh } = await httpie(
        'post', `${url}/api/token/`, 'username=vitor', 'password=123'
      )
      const { access } = await httpie('post', `${url}/api/token/refresh/`, `refresh=${refresh}`)
      const hello = await run(curl as string, [
        '-sS', '--cacert', nginx.certificatePath, `${url}/hello/`, '-H',
        `Authorization: Bearer ${access}`
      ])
      t.equal(hello.stdout, '{"message":"Hello, World!"}')
    }
  )

  await t.test('neither a query string nor a header is in its log', async t => {
    await ask({
      path: '/hello/?access=in-the-query',
      headers: { authorization: 'Bearer in-the-header' }
    })
    t.match(await nginx.logged('/hello/'), { method: 'GET', status: '401', address: '127.0.0.1' })
    t.notMatch(nginx.log(), /in-the-/)
  })

  await t.test('a request has one id in both logs, and the client cannot set it', async t => {
    await ask({ path: '/me/', headers: { 'x-request-id': 'from-the-client' } })
    const { id } = await nginx.logged('/me/')
    t.match(id, /^[0-9a-f]{32}$/)
    await until(() => demo.log.some(line => JSON.parse(line).reqId === id))
    t.notMatch(demo.log.join(), 'from-the-client')
  })

  await t.test('/metrics and /readyz answer 404', { skip: skipUnless(curl, 'curl') }, async t => {
    for (const path of [
      '/metrics', '/metrics/', '/readyz', '/readyz/', '/metrics?x', '//metrics', '/./metrics',
      '/%6detrics', '/x/../metrics', '/metrics%2f'
    ]) {
      t.equal(
        (await run(curl as string, ['-sSk', '--path-as-is', '-w', '%{http_code}', url + path]))
          .stdout,
        '{"detail":"Not found.","code":"not_found"}404',
        path
      )
    }
    t.equal((await fetch(`${demo.url}/metrics`)).status, 200)
    t.equal((await ask({ path: '/healthz' })).status, 200)
  })

  await t.test('its own refusals are JSON too', async t => {
    const refusals = [
      { request: { path: '/', body: {} }, status: 405, code: 'method_not_allowed' },
      {
        request: { path: '/', headers: { 'x-long': 'x'.repeat(9000) } },
        status: 431,
        code: 'headers_too_large'
      },
      { request: { path: `/${'x'.repeat(9000)}` }, status: 414, code: 'uri_too_long' }
    ]
    for (const { request, status, code } of refusals) {
      const reply = await ask(request)
      t.equal(reply.status, status)
      t.match(JSON.parse(reply.text), { detail: String, code })
      t.match(reply.headers, {
        'content-type': 'application/json',
        'cache-control': 'no-store',
        'x-content-type-options': 'nosniff',
        'strict-transport-security': /^max-age=\d{8}/
      })
    }
  })
})
