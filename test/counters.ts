import t from 'tap'
import { windowCounters } from '../plugin/counters.ts'
import { MINUTE, createClock } from './fixtures/app.ts'

t.test('each key is counted by itself, and from one again when its window is over', async t => {
  const clock = createClock()
  const counters = new (windowCounters(clock))({})
  const incr = (key: string): { current: number, ttl: number } => {
    let counted = { current: 0, ttl: 0 }
    counters.incr(key, (_error, result) => { if (result !== undefined) counted = result }, MINUTE, 5)
    return counted
  }
  t.strictSame(incr('a'), { current: 1, ttl: MINUTE })
  clock.advance(1000)
  t.strictSame(incr('a'), { current: 2, ttl: MINUTE - 1000 })
  t.strictSame(incr('b'), { current: 1, ttl: MINUTE })
  clock.advance(MINUTE - 1000)
  t.strictSame(incr('a'), { current: 1, ttl: MINUTE })
  t.strictSame(incr('b'), { current: 2, ttl: 1000 })
})

t.test('a clock that is set back starts the window anew', async t => {
  const clock = createClock()
  const counters = new (windowCounters(clock))({})
  const ttls: (number | undefined)[] = []
  const incr = (): void => { counters.incr('a', (_error, result) => { ttls.push(result?.ttl) }, MINUTE, 5) }
  incr()
  clock.advance(-60 * MINUTE)
  incr()
  t.strictSame(ttls, [MINUTE, MINUTE])
})

t.test('a counter that was read does not change with the next request', async t => {
  const counters = new (windowCounters(createClock()))({})
  const seen: unknown[] = []
  for (let count = 0; count < 3; count++) counters.incr('a', (_error, result) => { seen.push(result) }, MINUTE, 5)
  t.match(seen, [{ current: 1 }, { current: 2 }, { current: 3 }])
})

t.test('the counters of two limits are apart', async t => {
  const counters = new (windowCounters(createClock()))({})
  const other = counters.child({} as Parameters<typeof counters.child>[0])
  let current: number | undefined
  counters.incr('a', () => {}, MINUTE, 5)
  other.incr('a', (_error, result) => { current = result?.current }, MINUTE, 5)
  t.equal(current, 1)
})
