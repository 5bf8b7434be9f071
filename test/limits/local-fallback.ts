import { setImmediate, setTimeout as sleep } from 'node:timers/promises'
import type { FastifyRequest } from 'fastify'
import t from 'tap'
import { type Count, isExceeded } from '../../plugin/limits/keyed-counter.ts'
import { type Ask, createLocalFallback } from '../../plugin/limits/local-fallback.ts'
import { unhandledRejections } from '../fixtures/rejections.ts'

const request = {} as FastifyRequest

/**
 * Counts like a limiter, as long as it works. What it does otherwise a test says: reject, throw, or
 * never answer.
 */
function counter (
  max = Infinity,
  whenAway: () => Promise<never> = async () => {
    throw new Error('ECONNREFUSED')
  }
) {
  const counters = {
    times: 0,
    isAway: false,
    consume (): Promise<Count> {
      counters.times++
      return counters.isAway
        ? whenAway()
        : Promise.resolve({
          isExceeded: counters.times > max,
          remaining: max - counters.times,
          ttl: counters.times,
          ttlInSeconds: 0
        })
    }
  }
  return counters
}

const never = (): Promise<never> => new Promise(() => {})

function build (
  everywhere: ReturnType<typeof counter>,
  { timeoutMs, max }: { timeoutMs?: number, max?: number } = {}
) {
  const failures: unknown[] = []
  const here = counter(max)
  const consume = createLocalFallback((verb, cause) => {
    failures.push([verb, cause.message])
  }, timeoutMs)(everywhere.consume, here.consume, isExceeded)
  return { here, failures, consume: () => consume(request) }
}

/** Time enough for a call with a timeoutMs of 20 ms to be given up. */
async function givenUp (): Promise<void> {
  await sleep(60)
  for (let turn = 0; turn < 3; turn++) await setImmediate()
}

t.test('local fallback: uses the shared answer, and counts locally too', async t => {
  const everywhere = counter(10)
  const { here, consume, failures } = build(everywhere)
  everywhere.times = 10
  t.match(await consume(), { ttl: 11, isExceeded: true })
  t.equal(here.times, 1)
  t.strictSame(failures, [])
})

t.test('local fallback: a locally refused request does not reach the shared counters', async t => {
  const everywhere = counter()
  const { consume } = build(everywhere, { max: 3 })
  for (let count = 1; count <= 200; count++) t.match(await consume(), { isExceeded: count > 3 })
  t.equal(everywhere.times, 3)
})

t.test('local fallback: uses the local counts during an outage, earlier ones included', async t => {
  for (const whenAway of [undefined, () => { throw new Error('ECONNREFUSED') }]) {
    const everywhere = counter(Infinity, whenAway)
    const { consume, failures } = build(everywhere, { max: 3 })
    await consume()
    everywhere.isAway = true
    const exceeded: unknown[] = []
    for (let count = 0; count < 4; count++) {
      exceeded.push(((await consume()) as { isExceeded: boolean }).isExceeded)
    }
    t.strictSame(exceeded, [false, false, true, true])
    t.strictSame(failures, [['increment', 'ECONNREFUSED']], 'which is told once')
  }
})

t.test('local fallback: skips the shared query when the local answer is final', async t => {
  let asked = 0
  const isKnownSource = createLocalFallback(() => {})(
    async () => {
      asked++
      return true
    },
    async ({ ip }) => ip === 'home',
    answer => answer
  )
  t.equal(await isKnownSource({ ip: 'home' } as FastifyRequest), true)
  t.equal(asked, 0)
  t.equal(await isKnownSource({ ip: 'elsewhere' } as FastifyRequest), true)
  t.equal(asked, 1)
})

t.test('local fallback: returns to the shared counters once they answer', async t => {
  const everywhere = counter()
  const { consume, failures } = build(everywhere)
  for (let outage = 0; outage < 2; outage++) {
    everywhere.isAway = true
    await consume()
    everywhere.isAway = false
    everywhere.times = 100
    t.match(
      await consume(), { ttl: 3 * outage + 2 }, 'the request that finds it out is counted here'
    )
    await setImmediate()
    t.match(await consume(), { ttl: 102 })
  }
  t.equal(failures.length, 2, 'each outage is told')
})

t.test('local fallback: only the first request of an outage waits for timeoutMs', async t => {
  const everywhere = counter(Infinity, never)
  everywhere.isAway = true
  const { consume, failures } = build(everywhere, { timeoutMs: 100 })
  const startedAt = performance.now()
  t.match(await consume(), { ttl: 1 })
  t.ok(performance.now() - startedAt >= 95)
  t.strictSame(failures, [['increment', 'The counters did not answer within 100 ms.']])
  let waited = false
  const timer = setTimeout(() => { waited = true })
  for (let count = 0; count < 100; count++) await consume()
  t.notOk(waited, 'all hundred in one turn')
  clearTimeout(timer)
})

t.test('timeoutMs: defaults to 500 ms', async t => {
  const everywhere = counter(Infinity, never)
  everywhere.isAway = true
  const { consume } = build(everywhere)
  const startedAt = performance.now()
  await consume()
  const took = performance.now() - startedAt
  t.ok(took > 450 && took < 2000, `${took} ms`)
})

t.test('local fallback: probes with one request at a time, within timeoutMs', async t => {
  const everywhere = counter(Infinity, never)
  everywhere.isAway = true
  const { consume } = build(everywhere, { timeoutMs: 20 })
  await consume()
  everywhere.times = 0
  for (let tries = 1; tries <= 2; tries++) {
    for (let count = 0; count < 50; count++) await consume()
    t.equal(everywhere.times, tries)
    await givenUp()
  }
  everywhere.isAway = false
  await consume()
  await givenUp()
  t.match(await consume(), { ttl: 4 })
})

t.test('local fallback: ignores a rejection after the timeout', async t => {
  const rejections = unhandledRejections(t)
  const everywhere = counter(Infinity, async () => { await sleep(40); throw new Error('late') })
  everywhere.isAway = true
  const { consume, failures } = build(everywhere, { timeoutMs: 10 })
  for (let count = 0; count < 5; count++) await consume()
  await sleep(100)
  t.equal(failures.length, 1)
  t.strictSame(rejections, [])
})

t.test('local fallback: shares the state of an outage among all limits', async t => {
  const everywhere = counter(Infinity, never)
  everywhere.isAway = true
  const withLocalFallback = createLocalFallback(() => {}, 20)
  const [one, other] = [counter(), counter()].map(here =>
    withLocalFallback(everywhere.consume, here.consume, isExceeded)
  ) as [Ask<Count>, Ask<Count>]
  await one(request)
  const startedAt = performance.now()
  await other(request)
  t.ok(performance.now() - startedAt < 15, 'nobody waits again')
})
