import { readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { type Demo, startDemo } from '../fixtures/servers/demo.ts'
import { startLoad } from '../fixtures/load/load.ts'
import { type Outage, judge } from '../fixtures/load/outage.ts'
import { postgresProgram, startPostgres } from '../fixtures/servers/postgres.ts'
import { redisProgram, startRedis } from '../fixtures/servers/redis.ts'
import { isLong, rounds } from '../fixtures/load/rounds.ts'
import { skipUnless } from '../fixtures/servers/programs.ts'
import { createClients } from '../fixtures/clients/token-client.ts'

const SECONDS = rounds(3, 10)
const CLIENTS = rounds(40, 80)
const PER_SECOND = rounds(60, 100)

/** How a store goes away: each in one way, and in `npm run test:faults` in both. */
const services = [
  {
    name: 'Redis',
    isStopped: true,
    isFrozen: isLong,
    skip: skipUnless(redisProgram, 'redis-server'),
    start: (t: Test) => startRedis(t, ['--appendonly', 'yes'])
  },
  {
    name: 'PostgreSQL',
    isStopped: isLong,
    isFrozen: true,
    skip: skipUnless(postgresProgram, 'postgres'),
    start: (t: Test) => startPostgres(t)
  }
]

/** Milliseconds after its return in which a store must be in use again. */
const SOON = 2000

const memoryOf = (demo: Demo): number =>
  Number(
    /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${demo.process.pid}/status`, 'latin1'))?.[1]
  ) / 1024

/** Sends a store away for a while. */
async function sendAway (
  leave: () => Promise<void>, comeBack: () => Promise<void> | void
): Promise<Outage> {
  const leaves = performance.now()
  await leave()
  const away = performance.now()
  await delay(SECONDS * 1000)
  const returns = performance.now()
  await comeBack()
  return { leaves, away, returns, back: performance.now() }
}

/** The facts that hold of a demo under load whose store is sent away. */
async function withstand (t: Test, storeUrl: string, outage: () => Promise<Outage>): Promise<void> {
  // Spent tokens answer for less time than the store is away: a refresh that is done although it
  // was answered 503 becomes reuse.
  const demo = await startDemo(t, {
    STORE_URL: storeUrl,
    RATE_LIMIT: 'off',
    REUSE_INTERVAL: '2s',
    LOG_LEVEL: 'info'
  })
  const clients = await createClients(demo.url, CLIENTS)
  const leaving = await createClients(demo.url, 8)
  const load = startLoad(demo.url, clients, leaving, PER_SECOND)
  await delay(1000)
  const memory = memoryOf(demo)
  const times = await outage()
  await delay(SOON + 500)
  const growth = Math.round(memoryOf(demo) - memory)
  await load.stop()

  const { answers, slowest, unlike, wrong, caught, normalAfter, unanswered } = judge(load, times)
  const goingOn = await Promise.all(
    clients.map(async client => ({ client, status: (await client.refresh()).status }))
  )
  const lockedOut = goingOn.filter(({ status }) => status !== 200)
  t.comment(
    `away for ${SECONDS} s under ${PER_SECOND} requests a second of ${CLIENTS} clients: ` +
      `${JSON.stringify({ answers, slowest, normalAfter, unanswered, memory: `${growth} MB more` })}; ` +
      `${caught.size} clients had a request in the store when it left, ${lockedOut.length} ` +
      'were locked out'
  )

  t.same(
    Object.values(answers).map(Object.keys),
    [['503'], ['503'], ['503'], ['200']],
    'login, refresh and logout are 503, the guarded route 200'
  )
  t.ok(slowest <= 1000, `within a second: ${slowest} ms`)
  t.equal(unlike, 0, 'each 503 has a Retry-After')
  t.same(wrong, [], 'nothing else is answered, never a 401')
  t.same(load.cutOff, [])
  t.ok(normalAfter <= SOON, `back to normal after ${normalAfter} ms`)
  t.ok(unanswered <= PER_SECOND, `${unanswered} requests unanswered at a time`)
  t.ok(growth < 64, `${growth} MB more`)
  t.same(
    lockedOut.filter(({ client }) => !caught.has(client)),
    [],
    'every client goes on with the token that it had'
  )

  t.notOk(demo.log.some(line => line.startsWith('{"level":60')), 'no unhandled rejection')
  t.equal(await demo.stop(), 0)
}

for (const { name, isStopped, isFrozen, skip, start } of services) {
  t.test(`${name} is away`, { skip }, async t => {
    const store = await start(t)
    await t.test('stopped: 503s, and all as before once it is back', { skip: !isStopped }, t =>
      withstand(t, store.url, () => sendAway(store.stop, store.start))
    )
    await t.test('frozen: 503s, and all as before once it is thawed', { skip: !isFrozen }, t =>
      withstand(t, store.url, () => sendAway(store.freeze, store.thaw))
    )
  })
}
