import t, { type Test } from 'tap'
import { serverClock } from '../../plugin/stores/deadline.ts'
import { MINUTE, SECOND, START, createClock } from '../fixtures/app.ts'

/**
 * A server whose clock is `ahead` of ours, which takes `takes` ms to answer. Our clocks stand still
 * but for that.
 */
function build (t: Test, { ahead = MINUTE, takes = 2 } = {}) {
  const clock = createClock()
  t.intercept(Date, 'now', { value: clock })
  t.intercept(performance, 'now', { value: () => clock() - START + 5 })
  const server = { ahead, takes, asked: 0 }
  const { timeThere, measureAgain } = serverClock(async () => {
    server.asked++
    clock.advance(server.takes / 2)
    const there = clock() + server.ahead
    clock.advance(server.takes / 2)
    return there
  })
  return { clock, server, timeThere, measureAgain }
}

t.test('timeThere: converts to the server clock, and never to a later time', async t => {
  for (const ahead of [MINUTE, -MINUTE, 0]) {
    t.equal(await build(t, { ahead, takes: 0 }).timeThere(START), START + ahead)
    t.equal(
      await build(t, { ahead, takes: 100 }).timeThere(START),
      START + ahead - 50,
      'earlier by the way back'
    )
  }
})

t.test('a measurement is believed for 30 seconds', async t => {
  const { clock, server, timeThere } = build(t)
  for (const [later, asked] of [
    [0, 1],
    [0, 1],
    [30 * SECOND, 1],
    [1, 2],
    [30 * SECOND, 2]
  ] as const) {
    clock.advance(later)
    await timeThere(START)
    t.equal(server.asked, asked)
  }
})

t.test('timeThere: needs no new measurement when the local clock is set', async t => {
  const { clock, server, timeThere } = build(t, { takes: 0 })
  await timeThere(START)
  t.intercept(Date, 'now', { value: () => clock() + 10 * MINUTE })
  t.equal(await timeThere(START + 10 * MINUTE), START + MINUTE)
  t.equal(server.asked, 1)
})

t.test('measureAgain: makes the next call read the server clock', async t => {
  const { server, timeThere, measureAgain } = build(t, { takes: 0 })
  t.equal(await timeThere(START), START + MINUTE)
  server.ahead = -MINUTE
  t.equal(await timeThere(START), START + MINUTE)
  measureAgain()
  t.equal(await timeThere(START), START - MINUTE)
  t.equal(server.asked, 2)
})

t.test('a measurement that took 200 ms is not used for the next call', async t => {
  for (const [takes, asked] of [[198, 1], [200, 2]] as const) {
    const { server, timeThere } = build(t, { takes })
    t.equal(await timeThere(START), START + MINUTE - takes / 2)
    await timeThere(START)
    t.equal(server.asked, asked)
  }
})

/** A server that answers when it is told to. */
function buildByHand (t: Test) {
  const clock = createClock()
  t.intercept(Date, 'now', { value: clock })
  t.intercept(performance, 'now', { value: () => clock() - START + 5 })
  const questions: { answer(time: number): void, fail(error: Error): void }[] = []
  return {
    clock,
    questions,
    ...serverClock(
      () =>
        new Promise((resolve, reject) => {
          questions.push({ answer: resolve, fail: reject })
        })
    )
  }
}

t.test('concurrent calls wait for one answer', async t => {
  const { questions, timeThere } = buildByHand(t)
  const times = [START, START + 1, START + 2].map(timeThere)
  t.equal(questions.length, 1)
  questions[0]?.answer(START + SECOND)
  t.same(await Promise.all(times), [START + SECOND, START + SECOND + 1, START + SECOND + 2])
})

t.test('a question without an answer after 200 ms is asked again', async t => {
  const { clock, questions, timeThere } = buildByHand(t)
  const stuck = timeThere(START)
  clock.advance(200)
  const waiting = timeThere(START)
  t.equal(questions.length, 1)
  clock.advance(1)
  const later = [timeThere(START), timeThere(START)]
  t.equal(questions.length, 2)
  questions[0]?.fail(new Error('stuck'))
  await Promise.all([
    t.rejects(stuck, { message: 'stuck' }), t.rejects(waiting, { message: 'stuck' })
  ])
  const afterThat = timeThere(START)
  t.equal(
    questions.length, 2, 'an answer that is late does not stand in the way of the other question'
  )
  questions[1]?.answer(clock() + SECOND)
  t.same(await Promise.all([...later, afterThat]), Array.from({ length: 3 }, () => START + SECOND))
})

t.test('a question that fails is asked again by the next call', async t => {
  const { clock, questions, timeThere } = buildByHand(t)
  const times = [timeThere(START), timeThere(START)]
  questions[0]?.fail(new Error('down'))
  await Promise.all(times.map(time => t.rejects(time, { message: 'down' })))
  const next = timeThere(START)
  t.equal(questions.length, 2)
  questions[1]?.answer(clock())
  t.equal(await next, START)
})
