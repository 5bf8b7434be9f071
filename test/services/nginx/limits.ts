import { once } from 'node:events'
import { readdirSync } from 'node:fs'
import { type Socket, connect } from 'node:net'
import { join } from 'node:path'
import { connect as connectTls } from 'node:tls'
import t, { type Test } from 'tap'
import { connectionsOf } from '../../fixtures/servers/connections.ts'
import { startDemo } from '../../fixtures/servers/demo.ts'
import { type Change, type Nginx, startNginx, withoutNginx } from '../../fixtures/servers/nginx.ts'
import { until } from '../../fixtures/servers/processes.ts'
import { type Ask, secureClient } from '../../fixtures/clients/secure-request.ts'
import { freePort } from '../../fixtures/servers/server-process.ts'

const LOGIN = '{"username":"vitor","password":"123"}'
const HEAD = `POST /api/token/ HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: ${LOGIN.length}\r\nConnection: close\r\n\r\n`

t.test('nginx shields the app', { skip: withoutNginx }, async t => {
  const demo = await startDemo(t, { TRUST_PROXY: 'loopback' })
  const appPort = Number(new URL(demo.url).port)
  const start = async (t: Test, ...changes: Change[]): Promise<Nginx> =>
    startNginx(t, [appPort, await freePort()], ...changes)
  const nginx = await start(t)
  const ask = secureClient(t, nginx)

  await t.test('a slow request is buffered: the app sees it only when it is complete', async t => {
    /** Each from an address of its own: the app counts a login when it sees the head. */
    const securely =
      ({ port, certificate: ca }: Nginx) => (index: number) =>
        connectTls({
          socket: connect({ port, host: '127.0.0.1', localAddress: `127.0.1.${index + 1}` }),
          host: '127.0.0.1',
          ca
        })
    const directly = await beginSlowly(50, () => connect(appPort, '127.0.0.1'))
    await until(() => connectionsOf(appPort) === 50)
    for (const socket of directly) socket.destroy()
    await until(() => connectionsOf(appPort) === 0)

    const slow = await beginSlowly(50, securely(nginx))
    // This one came after all of them, so they are there.
    t.equal((await ask({ path: '/docs' })).status, 200)
    t.ok(connectionsOf(nginx.port) >= 50)
    t.equal(connectionsOf(appPort), 1, 'which is kept for the next')

    const statuses = await Promise.all(slow.slice(0, 2).map(finish))
    t.strictSame(statuses, [200, 200], 'and they are answered')
    for (const socket of slow) socket.destroy()

    const naive = await start(t, ['proxy_request_buffering on', 'proxy_request_buffering off'])
    const passedOn = await beginSlowly(50, securely(naive))
    await until(() => connectionsOf(appPort) >= 50)
    for (const socket of passedOn) socket.destroy()
  })

  await t.test('a body over the limit gets a 413, one below is not written to disk', async t => {
    for (const headers of [{}, { 'transfer-encoding': 'chunked' }]) {
      const reply = await ask({
        path: '/api/token/',
        body: { username: 'vitor', password: 'x'.repeat(17_000) },
        headers
      })
      t.equal(reply.status, 413)
      t.equal(reply.text, '{"detail":"Request body is too large"}', 'as the app says it')
    }
    t.equal(
      (
        await ask({
          path: '/api/token/',
          body: { username: 'vitor', password: 'x'.repeat(16_000) },
          from: '127.0.0.9'
        })
      ).status,
      401
    )
    t.strictSame(readdirSync(join(nginx.folder, 'body')), [])
  })

  await t.test('a flood gets 429s, and those at other addresses do not notice', async t => {
    const flood = await Promise.all(
      Array.from({ length: 400 }, () => ask({ path: '/api/token/verify/', body: { token: 'x' } }))
    )
    const passed = flood.filter(({ status }) => status === 401).length
    const refused = flood.filter(({ status }) => status === 429)
    t.equal(passed + refused.length, 400)
    t.ok(passed >= 100, `${passed} passed: a hundred at once, and 20 a second`)
    t.ok(refused.length > 0, `${refused.length} were refused`)
    for (const { text, headers } of refused.slice(0, 1)) {
      t.equal(
        text,
        '{"detail":"Request was throttled. Expected available in 1 second.","code":"throttled"}'
      )
      t.match(headers, {
        'retry-after': '1',
        'content-type': 'application/json',
        'cache-control': 'no-store'
      })
    }
    t.equal(
      (await ask({ path: '/api/token/verify/', body: { token: 'x' }, from: '127.0.0.2' })).status,
      401
    )
    t.equal((await ask({ path: '/hello/' })).status, 401, 'and other routes are open')
  })

  await t.test('no client can give itself another address, and so more tries', async t => {
    t.strictSame(await addressesOf(ask), ['127.0.0.3'])
    t.ok(await isThrottled(ask, '127.0.0.7'))
    t.equal((await guess(ask, '127.0.0.4', 0)).status, 401, 'others have tries of their own')

    const naive = secureClient(
      t,
      await start(t, ['X-Forwarded-For $remote_addr', 'X-Forwarded-For $proxy_add_x_forwarded_for'])
    )
    t.notOk(
      await isThrottled(naive, '127.0.0.8'),
      'a list that a client in the range of trusted addresses has begun is believed'
    )
  })
})

/** Clients that send half a login and then nothing. */
const beginSlowly = (count: number, open: (index: number) => Socket): Promise<Socket[]> =>
  Promise.all(
    Array.from({ length: count }, async (_, index) => {
      const socket = open(index).on('error', () => {})
      await once(socket, 'encrypted' in socket ? 'secureConnect' : 'connect')
      socket.write(HEAD + LOGIN.slice(0, 20))
      return socket
    })
  )

async function finish (socket: Socket): Promise<number> {
  socket.setEncoding('latin1').write(LOGIN.slice(20))
  let said = ''
  for await (const text of socket) said += text
  return Number(said.slice(9, 12))
}

const forged = (address: string) => ({
  'x-forwarded-for': address,
  'x-real-ip': address,
  forwarded: `for=${address}`,
  'x-client-ip': address,
  'cf-connecting-ip': address
})

/** Where a user is logged in, as the app has it, after a login with forged headers. */
async function addressesOf (ask: Ask): Promise<string[]> {
  const from = '127.0.0.3'
  const login = await ask({
    path: '/api/token/',
    body: JSON.parse(LOGIN),
    headers: forged('6.6.6.6'),
    from
  })
  const sessions = await ask({
    path: '/api/token/sessions/',
    headers: { authorization: `Bearer ${JSON.parse(login.text).access}` },
    from
  })
  return (JSON.parse(sessions.text) as { address: string, current: boolean }[])
    .filter(({ current }) => current)
    .map(({ address }) => address)
}

const guess = (ask: Ask, from: string, index: number) =>
  ask({
    path: '/api/token/',
    body: { username: `user ${index}`, password: 'x' },
    headers: forged(`6.6.6.${index}`),
    from
  })

/**
 * Whether the app stops somebody who tries one name after the other, each time as somebody else.
 * Nobody waits longer than a second for nginx.
 */
async function isThrottled (ask: Ask, from: string): Promise<boolean> {
  for (let index = 0; index < 31; index++) {
    const { status, headers } = await guess(ask, from, index)
    if (status === 429 && Number(headers['retry-after']) > 1) return true
  }
  return false
}
