import fc from 'fast-check'
import t from 'tap'
import { createCounterApp } from '../../plugin/limits/counter-app.ts'
import { type Count, keyedCounter } from '../../plugin/limits/keyed-counter.ts'
import { localCounters } from '../../plugin/limits/local-counters.ts'
import { memoryCounters } from '../../plugin/limits/memory-counters.ts'
import { MINUTE, SECOND, createClock } from '../fixtures/app.ts'

const MAX = 3
const query = (key: string) => ({ key: `kind:${key}`, windowMs: MINUTE })

t.test('local counters: count as @fastify/rate-limit does', async t => {
  const steps = fc.array(fc.record({
    key: fc.constantFrom('a', 'b'),
    advance: fc.integer({ min: 0, max: 30_000 })
  }), { maxLength: 20 })
  await fc.assert(fc.asyncProperty(steps, async steps => {
    const clock = createClock()
    const plugin = await createCounterApp(memoryCounters(clock), clock)
    const [ours, theirs] = [localCounters(memoryCounters(clock), clock), plugin]
      .map(counters => counters.countUpTo(MAX))
    for (const { key, advance } of steps) {
      clock.advance(advance)
      const { isExceeded, remaining, ttl, ttlInSeconds } = await theirs?.(query(key)) as Count
      t.strictSame(await ours?.(query(key)), { isExceeded, remaining, ttl, ttlInSeconds })
    }
    await plugin.app.close()
  }), { numRuns: 30 })
})

t.test('local counters: count in the turn of the call', async t => {
  const clock = createClock()
  const memory = memoryCounters(clock)
  const count = localCounters(memory, clock).countUpTo(MAX)
  const counted = [count(query('a')), count(query('a'))]
  t.equal(memory.change('kind:a', 0, MINUTE, MAX).current, 2)
  t.match(counted, [{ remaining: 2 }, { remaining: 1 }])
})

t.test('keyed counter: gives a request back to its own window only', async t => {
  const clock = createClock()
  const memory = memoryCounters(clock)
  const count = keyedCounter(localCounters(memory, clock), MAX)
  const first = await count(query('a'))
  await count(query('a'))
  clock.advance(30 * SECOND)
  await first.giveBack()
  t.match(await count(query('a')), { remaining: 1, ttlInSeconds: 30 })
  clock.advance(30 * SECOND)
  t.equal((await count(query('a'))).remaining, 2)
  await first.giveBack()
  t.equal((await count(query('a'))).remaining, 1)
})
