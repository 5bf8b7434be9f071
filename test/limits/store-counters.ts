import t from 'tap'
import { storeCounters } from '../../plugin/limits/store-counters.ts'
import type { Counter, Counters } from '../../plugin/stores/store.ts'
import { MINUTE, START, createClock } from '../fixtures/app.ts'
import { countingStore } from '../fixtures/stores/counting-store.ts'
import { testSharedLimit } from '../fixtures/stores/shared-limit.ts'

testSharedLimit(t, 'a verb of the store', false, async () => {
  const { counters } = countingStore()
  return () => counters as Counters
})

/** The counters on a verb whose questions wait until the test answers them. */
function asked (throws = 0, patience?: number) {
  const questions: {
    requests: Record<string, number>
    length: number
    now: number
    answer(counted: Record<string, Counter>): void
    fail(error: Error): void
  }[] = []
  const increment = (
    requests: ReadonlyMap<string, number>, length: number, now: number
  ): Promise<ReadonlyMap<string, Counter>> => {
    if (throws-- > 0) throw new Error('not even a promise')
    return new Promise((resolve, reject) => {
      questions.push({
        requests: Object.fromEntries(requests),
        length,
        now,
        answer: counted => resolve(new Map(Object.entries(counted))),
        fail: reject
      })
    })
  }
  const clock = createClock()
  const counters = storeCounters({ increment }, clock, patience)
  const ask = (count: number) => (key: string, length = MINUTE): Promise<Counter> =>
    counters.add(key, count, length, 5)
  return { questions, incr: ask(1), read: ask(0), giveBack: ask(-1), clock }
}

t.test('a request is one question: the key, the window and the time', async t => {
  const { questions, incr, clock } = asked()
  clock.advance(7)
  const counted = incr('a')
  t.match(questions, [{ requests: { a: 1 }, length: MINUTE, now: START + 7 }])
  questions[0]?.answer({ a: { current: 3, ttl: 40 } })
  t.strictSame(await counted, { current: 3, ttl: 40 })
})

t.test('store counters: batch requests during a query, and give each its own count', async t => {
  const { questions, incr } = asked()
  const counted = Array.from({ length: 200 }, () => incr('a'))
  const other = incr('b')
  t.strictSame(questions.map(({ requests }) => requests), [{ a: 1 }])
  questions[0]?.answer({ a: { current: 10, ttl: 40 } })
  await counted[0]
  await new Promise(setImmediate)
  t.strictSame(questions.map(({ requests }) => requests), [{ a: 1 }, { a: 199, b: 1 }])
  // Other processes have counted three in between.
  questions[1]?.answer({ a: { current: 212, ttl: 30 }, b: { current: 1, ttl: 50 } })
  t.strictSame(
    (await Promise.all(counted)).map(each => each?.current),
    [10, ...Array.from({ length: 199 }, (_, index) => 14 + index)]
  )
  t.strictSame(await other, { current: 1, ttl: 50 })
})

t.test('store counters: a read joins the batch and is not counted', async t => {
  const { questions, incr, read } = asked()
  const first = read('a')
  t.match(questions, [{ requests: { a: 0 }, length: MINUTE }])
  const [before, counted, after] = [read('a'), incr('a'), read('a')]
  const month = read('b', 30 * 24 * 60 * MINUTE)
  questions[0]?.answer({ a: { current: 0, ttl: 0 } })
  t.strictSame(await first, { current: 0, ttl: 0 })
  await new Promise(setImmediate)
  t.match(questions[1], { requests: { a: 1, b: 0 }, length: MINUTE })
  questions[1]?.answer({ a: { current: 5, ttl: 30 }, b: { current: 2, ttl: 70_000 } })
  t.strictSame((await Promise.all([before, counted, after])).map(each => each?.current), [4, 5, 5])
  t.strictSame(await month, { current: 2, ttl: 70_000 })
})

t.test('store counters: query each window length separately, in order of arrival', async t => {
  const { questions, incr } = asked()
  const counted = [
    incr('a'), incr('b', 2 * MINUTE), incr('c'), incr('d', 2 * MINUTE), incr('e', 4 * MINUTE)
  ]
  for (let question = 0; question < 4; question++) {
    questions[question]?.answer(
      Object.fromEntries(
        Object.keys(questions[question]?.requests ?? {}).map(key => [key, { current: 1, ttl: 40 }])
      )
    )
    await new Promise(setImmediate)
  }
  t.strictSame(
    questions.map(({ requests, length }) => [Object.keys(requests).join(), length / MINUTE]),
    [
      ['a', 1],
      ['b,d', 2],
      ['c', 1],
      ['e', 4]
    ]
  )
  await Promise.all(counted)
})

t.test('store counters: a query has at most 1000 keys, and the next one has the rest', async t => {
  const { questions, incr } = asked()
  const counted = Array.from({ length: 1502 }, (_, index) => incr(`${index}`))
  for (let question = 0; question < 3; question++) {
    questions[question]?.answer(
      Object.fromEntries(
        Object.keys(questions[question]?.requests ?? {}).map(key => [key, { current: 1, ttl: 40 }])
      )
    )
    await new Promise(setImmediate)
  }
  t.strictSame(questions.map(({ requests }) => Object.keys(requests).length), [1, 1000, 501])
  t.equal((await Promise.all(counted)).length, 1502)
})

t.test('store counters: a failed query rejects only its own requests', async t => {
  const { questions, incr } = asked()
  const [first, ...meanwhile] = [incr('a'), incr('a'), incr('b')]
  questions[0]?.fail(new Error('ECONNREFUSED'))
  await t.rejects(first as Promise<unknown>, { message: 'ECONNREFUSED' })
  await new Promise(setImmediate)
  questions[1]?.fail(new Error('ETIMEDOUT'))
  for (const each of meanwhile) await t.rejects(each, { message: 'ETIMEDOUT' })
  await new Promise(setImmediate)
  const later = incr('a')
  questions[2]?.answer({ a: { current: 1, ttl: 40 } })
  t.strictSame(await later, { current: 1, ttl: 40 })
})

t.test('store counters: reject when the verb throws or omits a key', async t => {
  const { questions, incr } = asked(1)
  await t.rejects(incr('a'), { message: 'not even a promise' })
  await new Promise(setImmediate)
  const forgotten = incr('a')
  t.equal(questions.length, 1, 'and the next request asks again')
  questions[0]?.answer({})
  await t.rejects(forgotten, TypeError)
})

t.test('a question that is never answered fails, and the next is asked', async t => {
  const { questions, incr } = asked(0, 50)
  const forgotten = incr('a')
  const meanwhile = incr('b')
  await t.rejects(forgotten, { message: 'The counters did not answer within 50 ms.' })
  await new Promise(setImmediate)
  t.strictSame(questions.map(({ requests }) => requests), [{ a: 1 }, { b: 1 }])
  questions[1]?.answer({ b: { current: 1, ttl: 40 } })
  t.strictSame(await meanwhile, { current: 1, ttl: 40 })
})

t.test('store counters: requests that are given back have a separate query', async t => {
  const { questions, incr, giveBack } = asked()
  const first = incr('a')
  const [counted, ...given] = [incr('a'), giveBack('a'), giveBack('a')]
  for (let question = 0; question < 3; question++) {
    questions[question]?.answer({ a: { current: 1, ttl: 40 } })
    await new Promise(setImmediate)
  }
  t.match(questions.map(({ requests, length }) => [requests, length]), [
    [{ a: 1 }, MINUTE], [{ a: 1 }, MINUTE], [{ a: -2 }, MINUTE]
  ], 'a sum of 0 would be a read, which opens no window')
  t.strictSame((await Promise.all([first, counted])).map(({ current }) => current), [1, 1])
  await Promise.all(given)
})
