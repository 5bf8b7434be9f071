import t from 'tap'
import { memoryCounters } from '../../plugin/limits/memory-counters.ts'
import { MINUTE, createClock } from '../fixtures/app.ts'

type Counted = { current: number, ttl: number } | undefined

/** Counters of one limit. They answer at once. */
function createCounters () {
  const clock = createClock()
  const store = new (memoryCounters(clock))({})
  const incr = (key: string, length = MINUTE, counters = store): Counted => {
    let counted: Counted
    counters.incr(key, (_error, result) => { counted = result }, length, 5)
    return counted
  }
  const read = (key: string): Counted => {
    let counted: Counted
    store.read(key, (_error, result) => { counted = result }, MINUTE, 5)
    return counted
  }
  return { clock, store, incr, read }
}

t.test('each key is counted by itself, and from one again when its window is over', async t => {
  const { clock, incr } = createCounters()
  t.strictSame(incr('a'), { current: 1, ttl: MINUTE })
  clock.advance(1000)
  t.strictSame(incr('a'), { current: 2, ttl: MINUTE - 1000 })
  t.strictSame(incr('b'), { current: 1, ttl: MINUTE })
  clock.advance(MINUTE - 1000)
  t.strictSame(incr('a'), { current: 1, ttl: MINUTE })
  t.strictSame(incr('b'), { current: 2, ttl: 1000 })
})

t.test('a window is as long as the request that began it said', async t => {
  const { clock, incr } = createCounters()
  incr('a', 10 * MINUTE)
  clock.advance(2 * MINUTE)
  t.strictSame(incr('a'), { current: 2, ttl: 8 * MINUTE })
  t.strictSame(incr('a', 60 * MINUTE), { current: 3, ttl: 8 * MINUTE })
})

t.test('a key is read without being counted', async t => {
  const { clock, incr, read } = createCounters()
  t.strictSame(read('a'), { current: 0, ttl: 0 })
  incr('a')
  clock.advance(1000)
  for (let count = 0; count < 2; count++) {
    t.strictSame(read('a'), { current: 1, ttl: MINUTE - 1000 })
  }
  clock.advance(MINUTE)
  t.strictSame(read('a'), { current: 0, ttl: 0 })
})

t.test('a clock that is set back starts the window anew', async t => {
  const { clock, incr } = createCounters()
  incr('a')
  clock.advance(-60 * MINUTE)
  t.strictSame(incr('a'), { current: 1, ttl: MINUTE })
})

t.test('a counter that was read does not change with the next request', async t => {
  const { incr } = createCounters()
  t.match(
    Array.from({ length: 3 }, () => incr('a')), [{ current: 1 }, { current: 2 }, { current: 3 }]
  )
})

t.test('the counters of two limits are apart', async t => {
  const { store, incr } = createCounters()
  const other = store.child({} as Parameters<typeof store.child>[0])
  incr('a')
  t.strictSame(incr('a', MINUTE, other as typeof store), { current: 1, ttl: MINUTE })
})
