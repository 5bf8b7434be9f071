import { Agent, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import fastify, { type FastifyInstance } from 'fastify'
import t from 'tap'
import { SimpleJwtError } from '../plugin/errors.ts'
import type { SimpleJwtEvent } from '../plugin/events.ts'
import type { RateLimits } from '../plugin/rate-limits.ts'
import { createThrottle } from '../plugin/throttle.ts'
import { MINUTE, SECOND, createClock } from './fixtures/app.ts'
import { listenOnUnixSocket } from './fixtures/unix-socket.ts'

type Limit = keyof RateLimits
const LIMITS: RateLimits = { loginPerAddress: 3, loginPerUsername: 3, refreshPerAddress: 3 }

/** An app with one route behind one limit, whose errors are answered as they are. */
async function build (t: { after(close: () => unknown): void }, limit: Limit, limits: RateLimits | false = LIMITS) {
  const events: SimpleJwtEvent[] = []
  const clock = createClock()
  const throttle = await createThrottle({ limits, usernameField: 'email', counters: undefined, emit: event => { events.push(event) }, failed: () => {}, now: clock })
  const app = fastify()
  t.after(() => app.close())
  app.setErrorHandler((error, _request, reply) => error instanceof SimpleJwtError ? reply.code(error.statusCode).headers(error.headers).send(error.body) : reply.code(500).send(error))
  app.post('/', { preHandler: throttle[limit] }, async () => ({}))
  const post = (email: string, remoteAddress = '203.0.113.1') => app.inject({ method: 'POST', url: '/', payload: { email }, remoteAddress })
  return { app, post, events, clock }
}

/** Whether all of these are counted by one counter: of four requests the last is one too many. */
async function countsAsOne (t: { after(close: () => unknown): void }, limit: Limit, pairs: [email: string, address: string][]): Promise<boolean> {
  const { post } = await build(t, limit)
  const statuses: number[] = []
  for (let index = 0; index < 4; index++) {
    const [email, address] = pairs[index % pairs.length] as [string, string]
    statuses.push((await post(email, address)).statusCode)
  }
  return statuses.join() === '200,200,200,429'
}

t.test('one request more than the limit is a 429 with SimpleJWT\'s body and Retry-After', async t => {
  for (const limit of Object.keys(LIMITS) as Limit[]) {
    const { post, clock } = await build(t, limit)
    for (let count = 0; count < 3; count++) t.equal((await post('vitor')).statusCode, 200)
    clock.advance(36.5 * SECOND)
    const reply = await post('vitor')
    t.equal(reply.statusCode, 429)
    t.equal(reply.headers['retry-after'], '24')
    t.equal(reply.body, '{"detail":"Request was throttled. Expected available in 24 seconds.","code":"throttled"}')
  }
})

t.test('a minute after the first request a new count begins, refused requests or not', async t => {
  const { post, clock } = await build(t, 'loginPerUsername')
  for (let count = 0; count < 10; count++) await post('vitor')
  clock.advance(MINUTE - 1)
  t.match(await post('vitor'), { statusCode: 429, headers: { 'retry-after': '1' } })
  clock.advance(1)
  t.equal((await post('vitor')).statusCode, 200)
})

t.test('of 200 at once exactly as many pass as the limit says', async t => {
  const { post } = await build(t, 'loginPerUsername', { ...LIMITS, loginPerUsername: 5 })
  const replies = await Promise.all(Array.from({ length: 200 }, (_, index) => post('vitor', `203.0.113.${index}`)))
  t.equal(replies.filter(reply => reply.statusCode === 200).length, 5)
  t.equal(replies.filter(reply => reply.statusCode === 429).length, 195)
})

t.test('of 200 at once over as many connections likewise', async t => {
  const { app } = await build(t, 'loginPerAddress', { ...LIMITS, loginPerAddress: 30 })
  await app.listen({ host: '127.0.0.1', port: 0 })
  const agent = new Agent({ maxSockets: Infinity })
  t.after(() => agent.destroy())
  const statuses = await Promise.all(Array.from({ length: 200 }, () => statusOf(app, agent)))
  t.equal(statuses.filter(status => status === 200).length, 30)
  t.equal(statuses.filter(status => status === 429).length, 170)
})

function statusOf (app: FastifyInstance, agent: Agent): Promise<number | undefined> {
  const { port } = app.server.address() as AddressInfo
  return new Promise((resolve, reject) => {
    request({ port, host: '127.0.0.1', agent, method: 'POST', headers: { 'content-type': 'application/json' } }, reply => {
      reply.resume().on('end', () => resolve(reply.statusCode))
    }).on('error', reject).end('{"email":"vitor"}')
  })
}

t.test('all the ways to write a user name share one counter', async t => {
  const spellings: [string, ...string[]][] = [
    ['vitor', 'VITOR', 'Vitor', 'viTor'],
    ['vitor', ' vitor', 'vitor\t', '\u00a0vitor\u3000'],
    ['vitor', 'ｖｉｔｏｒ', '𝓿𝓲𝓽𝓸𝓻', 'ⓋⒾⓉⓄⓇ'],
    ['zoë', 'zoe\u0308', 'ZOË', 'ZOE\u0308'],
    ['strasse', 'straße', 'STRASSE', 'ſtraſſe'],
    ['ﬁn', 'fin', 'FIN', 'Fin'],
    ['σίσυφος', 'ΣΊΣΥΦΟΣ', 'σίσυφοσ', 'Σίσυφος'],
    ['istanbul', 'ıstanbul', 'ISTANBUL', 'Istanbul'],
    ['angstro\u0308m Å', 'ANGSTRÖM \u212b', 'angström a\u030a', 'Angström \u00c5']
  ]
  for (const names of spellings) {
    t.ok(await countsAsOne(t, 'loginPerUsername', names.map((name, index) => [name, `203.0.113.${index}`])), names.join(' '))
  }
})

t.test('so do the letters whose lower case has an upper case of its own', async t => {
  for (const names of [['straße', 'STRAẞE', 'strasse', 'STRASSE'], ['ΐ', 'ΐ'.toUpperCase(), 'ΐ', 'ΐ'.normalize('NFD')], ['ῧ', 'ῧ'.toUpperCase()]]) {
    t.ok(await countsAsOne(t, 'loginPerUsername', names.map((name, index) => [name, `203.0.113.${index}`])), names.join(' '))
  }
})

t.test('different user names, however long, have counters of their own', async t => {
  for (const [one, other] of [['vitor', 'vitor2'], ['a b', 'ab'], ['zoe', 'zoë'], [`${'x'.repeat(10_000)}a`, `${'x'.repeat(10_000)}b`], ['', '__proto__']] as const) {
    t.notOk(await countsAsOne(t, 'loginPerUsername', [[one, '203.0.113.1'], [other, '203.0.113.1']]), `${one.slice(-10)}, ${other.slice(-10)}`)
  }
})

t.test('addresses of one client share a counter, others do not', async t => {
  const addresses: [string, string, boolean][] = [
    ['203.0.113.1', '203.0.113.1', true],
    ['203.0.113.1', '203.0.113.2', false],
    ['203.0.113.1', '::ffff:203.0.113.1', true],
    ['203.0.113.1', '::FFFF:CB00:7101', true],
    ['::ffff:203.0.113.1', '::ffff:203.0.113.2', false],
    ['2001:db8:1:2::1', '2001:db8:1:2:ffff:ffff:ffff:ffff', true],
    ['2001:db8:1:2::1', '2001:DB8:0001:0002:0:0:0:1', true],
    ['2001:db8:1:2::1', '2001:db8:1:3::1', false],
    ['fe80::1%eth0', 'fe80::2%eth0', true]
  ]
  for (const limit of ['loginPerAddress', 'refreshPerAddress'] as const) {
    for (const [one, other, same] of addresses) t.equal(await countsAsOne(t, limit, [['a', one], ['b', other]]), same, `${one} and ${other}`)
  }
})

t.test('the limits do not count for one another', async t => {
  const throttle = await createThrottle({ limits: { ...LIMITS, loginPerAddress: 1, refreshPerAddress: 1 }, usernameField: 'email', counters: undefined, emit: () => {}, failed: () => {}, now: createClock() })
  const app = fastify()
  t.after(() => app.close())
  app.post('/login', { preHandler: throttle.loginPerAddress }, async () => ({}))
  app.post('/refresh', { preHandler: throttle.refreshPerAddress }, async () => ({}))
  const statuses = []
  for (const url of ['/login', '/refresh', '/login', '/refresh']) statuses.push((await app.inject({ method: 'POST', url })).statusCode)
  t.same(statuses, [200, 200, 429, 429])
})

t.test('where there is no address nothing is counted by it', async t => {
  for (const limit of ['loginPerAddress', 'refreshPerAddress'] as const) {
    const { app } = await build(t, limit)
    const post = await listenOnUnixSocket(t, app)
    for (let count = 0; count < 5; count++) t.equal((await post({ email: 'vitor' })).status, 200, limit)
  }
})

t.test('user names are counted there all the same', async t => {
  const { app, events } = await build(t, 'loginPerUsername')
  const post = await listenOnUnixSocket(t, app)
  const statuses = []
  for (let count = 0; count < 4; count++) statuses.push((await post({ email: 'vitor' })).status)
  t.same(statuses, [200, 200, 200, 429])
  t.match(events, [{ type: 'throttled', what: 'loginPerUsername', username: 'vitor' }])
})

t.test('every 429 is an event: which limit, from where, and the user name where that was counted', async t => {
  const byName = await build(t, 'loginPerUsername')
  const byAddress = await build(t, 'loginPerAddress')
  for (const { post } of [byName, byAddress]) for (let count = 0; count < 4; count++) await post('Vitor')
  t.same(byName.events, [{ type: 'throttled', what: 'loginPerUsername', address: '203.0.113.1', username: 'Vitor' }])
  t.same(byAddress.events, [{ type: 'throttled', what: 'loginPerAddress', address: '203.0.113.1' }])
})

t.test('without limits nothing is counted', async t => {
  for (const limit of Object.keys(LIMITS) as Limit[]) {
    const { post } = await build(t, limit, false)
    const replies = await Promise.all(Array.from({ length: 50 }, () => post('vitor')))
    t.ok(replies.every(reply => reply.statusCode === 200), limit)
  }
})
