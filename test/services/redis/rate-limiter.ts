import { setTimeout as sleep } from 'node:timers/promises'
import type { Redis } from 'ioredis'
import t from 'tap'
import { redisStore } from '../../../plugin/stores/redis.ts'
import { connectTo } from '../../fixtures/stores/redis-clients.ts'
import { type RedisServer, redisProgram, startRedis } from '../../fixtures/servers/redis.ts'
import { unhandledRejections } from '../../fixtures/rejections.ts'
import type { Test } from '../../fixtures/servers/home.ts'
import { skipUnless } from '../../fixtures/servers/programs.ts'
import {
  LIMITS, type Limit, REQUEST_LIMITS, buildRateLimiter
} from '../../fixtures/rate-limiter.ts'

const skip = skipUnless(redisProgram, 'redis-server')
const MAX = 5

type Status = (email: string, address?: string) => Promise<number>

/** A throttle on a Redis, as a process of its own would have it. */
async function throttleOn (t: Test, server: RedisServer, limit: Limit = 'loginPerUsername') {
  const failures: string[] = []
  const client = connectTo(t, server, { retryStrategy: () => 20 })
  const { counters } = redisStore(client)
  const { post } = await buildRateLimiter(t, limit, {
    limits: { ...LIMITS, [limit]: MAX },
    counters,
    reportFailure: verb => {
      failures.push(verb)
    }
  })
  const status: Status = async (email, address) => (await post(email, address)).statusCode
  return { client, failures, status }
}

/** How many requests a limit has counted, of all keys. */
async function counted (client: Redis, limit: Limit): Promise<number> {
  const counts = await Promise.all((await client.keys(`*${limit}*`)).map(key => client.get(key)))
  return counts
    .map(counter => Number.parseInt(counter as string))
    .reduce((sum, count) => sum + count, 0)
}

/** Whether what one process counts another knows of. */
async function isShared (here: Status, there: Status, email: string): Promise<boolean> {
  for (let count = 0; count < MAX; count++) await there(email)
  return await here(email) === 429
}

const passed = (statuses: number[]): number => statuses.filter(status => status === 200).length

t.test('two processes share a limit, and refuse above it without Redis', { skip }, async t => {
  const server = await startRedis(t)
  const throttles = [await throttleOn(t, server), await throttleOn(t, server)] as const
  const statuses = await Promise.all(
    Array.from({ length: 200 }, (_, index) =>
      throttles[(index % 2) as 0 | 1].status('vitor', `203.0.113.${index}`)
    )
  )
  t.equal(passed(statuses), MAX)
  t.equal(await counted(throttles[0].client, 'loginPerUsername'), 2 * MAX)
})

t.test('the limits per address and per user name are counted separately', { skip }, async t => {
  const server = await startRedis(t)
  const byName = await throttleOn(t, server, 'loginPerUsername')
  const byAddress = await throttleOn(t, server, 'loginPerAddress')
  const refreshes = await throttleOn(t, server, 'refreshPerAddress')
  for (let count = 0; count < MAX; count++) {
    for (const { status } of [byName, byAddress, refreshes]) t.equal(await status('vitor'), 200)
  }
  for (const { status } of [byName, byAddress, refreshes]) t.equal(await status('vitor'), 429)
  for (const limit of REQUEST_LIMITS) {
    t.equal(await counted(byName.client, limit), MAX, limit)
  }
})

const OUTAGES: {
  name: string
  begin(server: RedisServer): Promise<void>
  end(server: RedisServer): Promise<void>
}[] = [
  { name: 'is down', begin: server => server.kill(), end: server => server.start() },
  {
    name: 'does not answer',
    begin: server => server.freeze(),
    end: async server => {
      server.thaw()
    }
  }
]

for (const { name, begin, end } of OUTAGES) {
  t.test(`falls back to a limit per process while the server ${name}`, { skip }, async t => {
    const rejections = unhandledRejections(t)
    const server = await startRedis(t)
    const [here, there] = [await throttleOn(t, server), await throttleOn(t, server)]
    t.strictSame([await here.status('vitor'), await here.status('vitor')], [200, 200])

    await begin(server)
    let longest = 0
    const statuses: number[] = []
    for (let count = 0; count < 20; count++) {
      const startedAt = performance.now()
      statuses.push(await here.status('vitor'))
      longest = Math.max(longest, performance.now() - startedAt)
    }
    statuses.push(...await Promise.all(Array.from({ length: 50 }, () => here.status('vitor'))))
    t.equal(passed(statuses), MAX - 2, 'with the tries that were made before')
    t.ok(longest < 1500, `the slowest reply took ${longest} ms`)
    t.strictSame(here.failures, ['increment'], 'the failure is reported once')

    await end(server)
    for (
      let probe = 0;
      !(await isShared(here.status, there.status, `probe${probe}`)) && probe < 200;
      probe++
    ) {
      await sleep(50)
    }
    const after: number[] = []
    for (let count = 0; count < 8; count++) {
      after.push(await (count % 2 === 0 ? here : there).status('maria'))
    }
    t.strictSame(after, [200, 200, 200, 200, 200, 429, 429, 429])
    t.strictSame(rejections, [])
  })
}
