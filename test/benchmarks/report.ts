import t from 'tap'
import { atLeast, atMost, sameRatio } from '../../benchmarks/report.ts'

const say = (value: number): string => `${value} ms`

t.test('a bound is reached at its very value, and missed beyond it', async t => {
  t.same(atMost('it', 10, 10, say), {
    what: 'it',
    bound: 'at most 10 ms',
    measured: '10 ms',
    isReached: true
  })
  t.equal(atMost('it', 10, 10.001, say).isReached, false)
  t.equal(atMost('it', 10, -1, say).isReached, true)
  t.same(atLeast('it', 0.97, 0.97, say), {
    what: 'it',
    bound: 'at least 0.97 ms',
    measured: '0.97 ms',
    isReached: true
  })
  t.equal(atLeast('it', 0.97, 0.969, say).isReached, false)
  t.equal(atLeast('it', 0.97, 2, say).isReached, true)
})

t.test('what is no number has reached nothing', async t => {
  t.equal(atMost('it', 10, NaN, say).isReached, false)
  t.equal(atLeast('it', 10, NaN, say).isReached, false)
})

t.test('sameRatio: tells how far two equal sides are apart', async t => {
  const inTimes = (value: number): string => `${value} times`
  t.same(sameRatio(1.25, inTimes), { said: '1.25 times', apart: 0.25 })
  t.same(sameRatio(0.75, inTimes), { said: '0.75 times', apart: 0.25 })
})
