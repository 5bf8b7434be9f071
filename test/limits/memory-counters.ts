import t from 'tap'
import { MAX_COUNTERS, memoryCounters } from '../../plugin/limits/memory-counters.ts'
import { DAY, MINUTE, createClock } from '../fixtures/app.ts'

const MAX = 5

function createCounters (maxCounters?: number) {
  const clock = createClock()
  const counters = memoryCounters(clock, maxCounters)
  const change = (key: string, count = 1, length = MINUTE) =>
    counters.change(key, count, length, MAX)
  return { clock, counters, change, read: (key: string) => change(key, 0) }
}

t.test('each key is counted by itself, and from one again when its window is over', async t => {
  const { clock, change } = createCounters()
  t.strictSame(change('k:a'), { current: 1, ttl: MINUTE })
  clock.advance(1000)
  t.strictSame(change('k:a'), { current: 2, ttl: MINUTE - 1000 })
  t.strictSame(change('k:b', 3), { current: 3, ttl: MINUTE })
  clock.advance(MINUTE - 1000)
  t.strictSame(change('k:a'), { current: 1, ttl: MINUTE })
  t.strictSame(change('k:b'), { current: 4, ttl: 1000 })
})

t.test('a window is as long as the request that began it said', async t => {
  const { clock, change } = createCounters()
  change('k:a', 1, 10 * MINUTE)
  clock.advance(2 * MINUTE)
  t.strictSame(change('k:a'), { current: 2, ttl: 8 * MINUTE })
  t.strictSame(change('k:a', 1, 60 * MINUTE), { current: 3, ttl: 8 * MINUTE })
})

t.test('a key is read without being counted', async t => {
  const { clock, counters, change, read } = createCounters()
  t.strictSame(read('k:a'), { current: 0, ttl: 0 })
  t.equal(counters.size(), 0, 'and a read leaves no trace')
  change('k:a')
  clock.advance(1000)
  for (let count = 0; count < 2; count++) {
    t.strictSame(read('k:a'), { current: 1, ttl: MINUTE - 1000 })
  }
  clock.advance(MINUTE)
  t.strictSame(read('k:a'), { current: 0, ttl: 0 })
})

t.test('a clock that is set back starts the window anew', async t => {
  const { clock, change } = createCounters()
  change('k:a')
  clock.advance(-60 * MINUTE)
  t.strictSame(change('k:a'), { current: 1, ttl: MINUTE })
})

t.test('a counter that was read does not change with the next request', async t => {
  const { counters } = createCounters()
  t.match(
    await Promise.all(Array.from({ length: 3 }, () => counters.add('k:a', 1, MINUTE, MAX))),
    [{ current: 1 }, { current: 2 }, { current: 3 }]
  )
})

t.test('memory counters: give back requests, but not below 0', async t => {
  const { clock, change, read } = createCounters()
  change('k:a', 6)
  t.strictSame(change('k:a', -2), { current: 4, ttl: MINUTE })
  t.strictSame(change('k:a', -9), { current: 0, ttl: MINUTE })
  t.strictSame(change('k:b', -1), { current: 0, ttl: 0 }, 'nor for an unknown key')
  clock.advance(MINUTE)
  t.strictSame(change('k:a', -1), { current: 0, ttl: 0 }, 'nor for a window that is over')
  change('k:a', 2)
  change('k:a', -1, MINUTE - 1)
  t.strictSame(read('k:a'), { current: 2, ttl: MINUTE }, 'nor for a newer window')
})

t.test('memory counters: new keys do not evict a counter that has reached its max', async t => {
  const { counters, change, read } = createCounters(100)
  change('failures:victim', MAX, DAY)
  change('failures:other', MAX - 1, DAY)
  for (let index = 0; index < 1000; index++) change(`failures:${index}`, 1, DAY)
  t.match(read('failures:victim'), { current: MAX })
  t.match(read('failures:other'), { current: 0 }, 'while one below it is evicted')
  t.equal(counters.size(), 101)
  for (let index = 0; index < 1000; index++) change(`failures:${index}`, -1, DAY)
  t.match(read('failures:victim'), { current: MAX }, 'nor do those that are given back')
})

t.test('memory counters: one kind of counters does not evict another', async t => {
  const { counters, change, read } = createCounters(100)
  const kinds = ['loginPerAddress', 'loginPerUsername', 'failuresOfAll', 'loggedInFrom']
  for (const kind of kinds) change(`${kind}:a`)
  for (let index = 0; index < 1000; index++) change(`loginPerSource:${index}`)
  for (const kind of kinds) t.match(read(`${kind}:a`), { current: 1 }, kind)
  t.equal(counters.size(), 104)
})

t.test('memory counters: a counter moves back among the others with a new window', async t => {
  const { clock, counters, change, read } = createCounters(10)
  change('k:a', MAX)
  clock.advance(MINUTE)
  change('k:a')
  t.equal(counters.size(), 1)
  for (let index = 0; index < 10; index++) change(`k:${index}`)
  t.match(read('k:a'), { current: 0 })
})

t.test('memory counters: a kind holds at most 100,000 counters', async t => {
  const { counters, change } = createCounters()
  t.equal(MAX_COUNTERS, 50_000)
  for (let index = 0; index < 60_000; index++) change(`k:${index}`)
  t.equal(counters.size(), MAX_COUNTERS)
  for (let index = 0; index < 60_000; index++) change(`k:${index}`, MAX)
  t.equal(counters.size(), MAX_COUNTERS, 'a full counter has left the others')
  for (let index = 0; index < 60_000; index++) change(`k:new ${index}`)
  t.equal(counters.size(), 2 * MAX_COUNTERS)
})

t.test('memory counters: a change takes as long when it evicts', async t => {
  const timeOf = (maxCounters: number): number => {
    const { change } = createCounters(maxCounters)
    for (let index = 0; index < 60_000; index++) change(`k:${index}`)
    const startedAt = process.cpuUsage()
    for (let index = 0; index < 60_000; index++) change(`k:new ${index}`)
    return process.cpuUsage(startedAt).user
  }
  timeOf(1000)
  const [evicting, growing] = [timeOf(50_000), timeOf(1_000_000)]
  t.ok(evicting < 20 * growing, `${evicting} and ${growing} us for 60,000 changes`)
})
