import { Agent, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import fastify, { type FastifyInstance } from 'fastify'
import t from 'tap'
import { createRateLimiter } from '../../plugin/limits/rate-limiter.ts'
import { MINUTE, SECOND, createClock } from '../fixtures/app.ts'
import { countingStore } from '../fixtures/stores/counting-store.ts'
import type { Counters } from '../../plugin/stores/store.ts'
import { LIMITS, REQUEST_LIMITS, buildRateLimiter } from '../fixtures/rate-limiter.ts'
import { listenOnUnixSocket } from '../fixtures/servers/unix-socket.ts'

t.test('rate limit: answers 429 over the limit with SimpleJWT\'s body and Retry-After', async t => {
  for (const limit of REQUEST_LIMITS) {
    const { post, clock } = await buildRateLimiter(t, limit)
    for (let count = 0; count < 3; count++) t.equal((await post('vitor')).statusCode, 200)
    clock.advance(36.5 * SECOND)
    const reply = await post('vitor')
    t.equal(reply.statusCode, 429)
    t.equal(reply.headers['retry-after'], '24')
    t.equal(
      reply.body,
      '{"detail":"Request was throttled. Expected available in 24 seconds.","code":"throttled"}'
    )
  }
})

t.test('a minute after the first request a new count begins, refused requests or not', async t => {
  const { post, clock } = await buildRateLimiter(t, 'loginPerUsername')
  for (let count = 0; count < 10; count++) await post('vitor')
  clock.advance(MINUTE - 1)
  t.match(await post('vitor'), { statusCode: 429, headers: { 'retry-after': '1' } })
  clock.advance(1)
  t.equal((await post('vitor')).statusCode, 200)
})

t.test('rate limit: admits exactly the limit of 200 simultaneous requests', async t => {
  const { post } = await buildRateLimiter(t, 'loginPerUsername', {
    limits: { ...LIMITS, loginPerUsername: 5 }
  })
  const replies = await Promise.all(
    Array.from({ length: 200 }, (_, index) => post('vitor', `203.0.113.${index}`))
  )
  t.equal(replies.filter(reply => reply.statusCode === 200).length, 5)
  t.equal(replies.filter(reply => reply.statusCode === 429).length, 195)
})

t.test('rate limit: admits exactly the limit of 200 requests over 200 connections', async t => {
  const { app } = await buildRateLimiter(t, 'loginPerAddress', {
    limits: { ...LIMITS, loginPerAddress: 30 }
  })
  await app.listen({ host: '127.0.0.1', port: 0 })
  const agent = new Agent({ maxSockets: Infinity })
  t.after(() => agent.destroy())
  const statuses = await Promise.all(Array.from({ length: 200 }, () => statusOf(app, agent)))
  t.equal(statuses.filter(status => status === 200).length, 30)
  t.equal(statuses.filter(status => status === 429).length, 170)
})

type Increment = Counters['increment']
type Built = Awaited<ReturnType<typeof buildRateLimiter>>

function statusOf (app: FastifyInstance, agent: Agent): Promise<number | undefined> {
  const { port } = app.server.address() as AddressInfo
  return new Promise((resolve, reject) => {
    request(
      {
        port,
        host: '127.0.0.1',
        agent,
        method: 'POST',
        headers: { 'content-type': 'application/json' }
      },
      reply => {
        reply.resume().on('end', () => resolve(reply.statusCode))
      }
    )
      .on('error', reject)
      .end('{"email":"vitor"}')
  })
}

t.test('the limits do not count for one another', async t => {
  const throttle = await createRateLimiter({
    limits: { ...LIMITS, loginPerAddress: 1, refreshPerAddress: 1 },
    counters: undefined,
    emit: () => {},
    reportFailure: () => {},
    now: createClock()
  })
  const app = fastify()
  t.after(() => app.close())
  app.post('/login', async request => throttle.login(request, 'vitor').loginPerAddress())
  app.post('/refresh', { preHandler: throttle.refreshPerAddress }, async () => ({}))
  const statuses = []
  for (const url of ['/login', '/refresh', '/login', '/refresh']) {
    statuses.push((await app.inject({ method: 'POST', url })).statusCode)
  }
  t.same(statuses, [200, 200, 429, 429])
})

t.test('rate limit: per-address limits ignore a request without an address', async t => {
  for (const limit of ['loginPerAddress', 'refreshPerAddress'] as const) {
    const { app } = await buildRateLimiter(t, limit)
    const post = await listenOnUnixSocket(t, app)
    for (let count = 0; count < 5; count++) {
      t.equal((await post({ email: 'vitor' })).status, 200, limit)
    }
  }
})

t.test('rate limit: the user name limit applies without an address', async t => {
  const { app, events } = await buildRateLimiter(t, 'loginPerUsername')
  const post = await listenOnUnixSocket(t, app)
  const statuses = []
  for (let count = 0; count < 4; count++) statuses.push((await post({ email: 'vitor' })).status)
  t.same(statuses, [200, 200, 200, 429])
  t.match(events, [{ type: 'throttled', what: 'loginPerUsername', username: 'vitor' }])
})

t.test('throttled event: has the limit, the address, and the user name if counted', async t => {
  const byName = await buildRateLimiter(t, 'loginPerUsername')
  const byAddress = await buildRateLimiter(t, 'loginPerAddress')
  for (const { post } of [byName, byAddress]) {
    for (let count = 0; count < 4; count++) await post('Vitor')
  }
  t.same(byName.events, [
    { type: 'throttled', what: 'loginPerUsername', address: '203.0.113.1', username: 'Vitor' }
  ])
  t.same(byAddress.events, [{ type: 'throttled', what: 'loginPerAddress', address: '203.0.113.1' }])
})

t.test('without limits nothing is counted', async t => {
  for (const limit of REQUEST_LIMITS) {
    const { post } = await buildRateLimiter(t, limit, { limits: false })
    const replies = await Promise.all(Array.from({ length: 50 }, () => post('vitor')))
    t.ok(replies.every(reply => reply.statusCode === 200), limit)
  }
})

t.test('with counters that processes share the limits of two throttles are one limit', async t => {
  const { counters } = countingStore()
  for (const limit of REQUEST_LIMITS) {
    const throttles = [
      await buildRateLimiter(t, limit, { counters }), await buildRateLimiter(t, limit, { counters })
    ]
    const statuses = []
    for (let count = 0; count < 5; count++) {
      statuses.push((await throttles[count % 2]?.post('vitor'))?.statusCode)
    }
    t.same(statuses, [200, 200, 200, 429, 429], `${limit}, and the others have not counted for it`)
  }
})

t.test('waits grow, and are the same for all who share the counters', async t => {
  const { counters } = countingStore()
  for (const options of [{}, { counters }]) {
    const [here, there] = [
      await buildRateLimiter(t, 'loginPerUsername', options),
      await buildRateLimiter(t, 'loginPerUsername', options)
    ]
    const waits: unknown[] = []
    for (let window = 0; window < 3; window++) {
      for (let count = 0; count < 3; count++) {
        t.equal((await here.post('vitor', '203.0.113.1', 'wrong')).statusCode, 200)
      }
      const wait = (await here.post('vitor')).headers['retry-after']
      waits.push(wait)
      t.equal(
        (await there.post('VITOR', '203.0.113.2')).headers['retry-after'],
        'counters' in options ? wait : undefined
      )
      for (const { clock } of [here, there]) clock.advance(Number(wait) * SECOND)
    }
    t.strictSame(waits, ['60', '120', '240'])
  }
})

t.test('rate limit: strangers in any process do not lock out a familiar address', async t => {
  const { counters } = countingStore()
  const [here, there] = [
    await buildRateLimiter(t, 'loginPerUsername', { counters }),
    await buildRateLimiter(t, 'loginPerUsername', { counters })
  ]
  t.equal((await here.post('vitor', '203.0.113.1', 'right')).statusCode, 200)
  for (let count = 0; count < 10; count++) await here.post('vitor', '198.51.100.1', 'wrong')
  t.equal((await there.post('vitor', '198.51.100.2', 'right')).statusCode, 429)
  t.equal((await there.post('vitor', '203.0.113.1', 'right')).statusCode, 200)
})

t.test('rate limit: failing to count an outcome neither changes nor delays the reply', async t => {
  const { increment } = countingStore().counters as { increment: Increment }
  for (const away of [
    async () => {
      throw new Error('down')
    },
    () => new Promise<never>(() => {})
  ]) {
    for (const password of ['right', 'wrong'] as const) {
      const told: string[] = []
      const { post } = await buildRateLimiter(t, 'loginPerUsername', {
        counters: {
          increment (requests, ...more) {
            // What is counted besides tries is what the password has come to.
            const [outcome] = [...requests].flatMap(([key, count]) =>
              count > 0 && !/loginPer/.test(key) ? [key] : []
            )
            if (outcome === undefined) return increment(requests, ...more)
            told.push(outcome)
            return away()
          }
        }
      })
      const name = `${password} ${String(away)}`
      const startedAt = performance.now()
      // The shared counters learn of the third failure.
      for (let count = 0; count < (password === 'right' ? 1 : 3); count++) {
        t.equal((await post(name, '203.0.113.1', password)).statusCode, 200)
      }
      t.ok(performance.now() - startedAt < 1000)
      t.match(told, [password === 'right' ? /loggedInFrom/ : /failures/], 'they were told')
    }
  }
})

t.test('rate limit: sends no outcome to counters that failed in the same login', async t => {
  const asked: string[] = []
  const { post } = await buildRateLimiter(t, 'loginPerUsername', {
    counters: {
      async increment (requests) {
        asked.push(...[...requests].flatMap(([key, count]) => count > 0 ? [key] : []))
        throw new Error('down')
      }
    }
  })
  t.equal((await post('vitor', '203.0.113.1', 'right')).statusCode, 200)
  t.strictSame(asked, [])
})

t.test('rate limit: falls back to local limits, and reports the counter failure once', async t => {
  const failures: string[] = []
  const counters = { increment: async () => { throw new Error('down') } }
  const { post } = await buildRateLimiter(t, 'loginPerUsername', {
    counters,
    reportFailure: (verb, cause) => {
      failures.push(`${verb}: ${cause.message}`)
    }
  })
  const statuses = []
  for (let count = 0; count < 5; count++) statuses.push((await post('vitor')).statusCode)
  t.same(statuses, [200, 200, 200, 429, 429])
  t.same(failures, ['increment: down'])
})

t.test('rate limit: a user at home logs in where a neighbour has used up the tries', async t => {
  const { counters } = countingStore()
  const [here, there] = [
    await buildRateLimiter(t, 'loginPerUsername', { counters }),
    await buildRateLimiter(t, 'loginPerUsername', { counters })
  ]
  await here.post('vitor', '203.0.113.1', 'right')
  for (let count = 0; count < 5; count++) await there.post('VITOR', '203.0.113.1', 'wrong')
  t.equal((await there.post('VITOR', '203.0.113.1', 'wrong')).statusCode, 429)
  t.equal((await there.post('vitor', '203.0.113.1', 'right')).statusCode, 200)
})

t.test('rate limit: a process lets a user in at home whom the shared counters forgot', async t => {
  const forgetful = { counters: countingStore().counters as Counters }
  const { post } = await buildRateLimiter(t, 'loginPerUsername', {
    counters: { increment: (...given) => forgetful.counters.increment(...given) }
  })
  await post('vitor', '203.0.113.1', 'right')
  forgetful.counters = countingStore().counters as Counters
  for (let count = 0; count < 5; count++) await post('vitor', `198.51.100.${count}`, 'wrong')
  t.equal((await post('vitor', '203.0.113.1', 'right')).statusCode, 200)
})

/** Shared counters, and the longest window that each key has opened. */
function watched () {
  const { counters } = countingStore()
  const longest = new Map<string, number>()
  let isAway = false
  const increment: Increment = async (requests, length, now) => {
    if (isAway) throw new Error('down')
    for (const [key, count] of requests) {
      if (count > 0) longest.set(key, Math.max(length, longest.get(key) ?? 0))
    }
    return (counters as Counters).increment(requests, length, now)
  }
  const lasting = () =>
    [...longest].filter(([, length]) => length > MINUTE).map(([key]) => key.split(':')[0]).sort()
  return { increment, lasting, goAway: (value: boolean) => { isAway = value } }
}

t.test('rate limit: names with fewer failures than the limit leave a minute at most', async t => {
  const { increment, lasting } = watched()
  const { post, clock } = await buildRateLimiter(t, 'loginPerUsername', {
    counters: { increment }
  })
  for (let name = 0; name < 20; name++) await post(`${name}`, `203.0.113.${name}`, 'wrong')
  for (let count = 0; count < 2; count++) {
    t.equal((await post('vitor', '203.0.113.1', 'wrong')).statusCode, 200)
    clock.advance(MINUTE)
  }
  t.strictSame(lasting(), [])
  await post('vitor', '203.0.113.1', 'wrong')
  t.strictSame(lasting(), ['failuresFrom', 'failuresOfAll'])
})

t.test('rate limit: the shared counters learn after an outage what has failed in it', async t => {
  const shared = watched()
  const options = { counters: { increment: shared.increment } }
  const [here, there, elsewhere] = await Promise.all(
    Array.from({ length: 3 }, () => buildRateLimiter(t, 'loginPerUsername', options))
  ) as [Built, Built, Built]
  const wait = async (): Promise<void> => {
    for (const { clock } of [here, there, elsewhere]) clock.advance(60 * MINUTE)
  }
  shared.goAway(true)
  for (let window = 0; window < 3; window++) {
    for (let count = 0; count < 3; count++) await here.post('vitor', '203.0.113.1', 'wrong')
    await wait()
  }
  shared.goAway(false)
  await here.post('vitor', '203.0.113.1', 'wrong')
  // The probe of that login finds out that the counters answer again.
  for (let turn = 0; turn < 10; turn++) await new Promise(setImmediate)
  await here.post('vitor', '203.0.113.1', 'wrong')
  await wait()
  for (let count = 0; count < 3; count++) {
    t.equal((await there.post('vitor', '203.0.113.2', 'wrong')).statusCode, 200)
  }
  t.equal((await elsewhere.post('vitor', '203.0.113.3')).headers['retry-after'], '480')
})

t.test('rate limit: three failures spread over three processes double the window', async t => {
  const { counters } = countingStore()
  const processes = await Promise.all(
    Array.from({ length: 3 }, () => buildRateLimiter(t, 'loginPerUsername', { counters }))
  )
  for (const wait of ['60', '120', '240']) {
    for (const [index, { post }] of processes.entries()) {
      t.equal((await post('vitor', `203.0.113.${index}`, 'wrong')).statusCode, 200)
    }
    t.equal((await processes[0]?.post('vitor', '203.0.113.9'))?.headers['retry-after'], wait)
    for (const { clock } of processes) clock.advance(Number(wait) * SECOND)
  }
})

t.test('rate limit: a login that is given back counts nowhere', async t => {
  for (const counters of [undefined, countingStore().counters]) {
    const { post } = await buildRateLimiter(t, 'loginPerUsername', { counters })
    for (let count = 0; count < 10; count++) {
      t.equal((await post('vitor', '203.0.113.1', 'unchecked')).statusCode, 200)
    }
    for (let count = 0; count < 3; count++) {
      t.equal((await post('vitor', '203.0.113.1', 'wrong')).statusCode, 200)
    }
    t.equal((await post('vitor', '203.0.113.1', 'unchecked')).statusCode, 429)
  }
})
