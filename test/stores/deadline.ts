import t from 'tap'
import { LATE, beforeDeadline } from '../../plugin/stores/deadline.ts'
import type { ServerClock } from '../../plugin/stores/deadline.ts'
import { MINUTE } from '../fixtures/app.ts'

/**
 * The clock of a server that is a minute ahead of what it was thought to be, until it is measured
 * again.
 */
function build () {
  const clock = { ahead: 0, measured: 0 }
  const serverClock: ServerClock = {
    timeThere: async time => time + clock.ahead + 0.5,
    measureAgain () {
      clock.measured++
      clock.ahead = MINUTE
    }
  }
  return { clock, serverClock }
}

t.test('a call gets its deadline on the server clock, in whole milliseconds', async t => {
  const { clock, serverClock } = build()
  clock.ahead = MINUTE
  const deadline = Date.now() + MINUTE
  t.equal(await beforeDeadline(serverClock, deadline, async there => there), deadline + MINUTE)
  t.equal(clock.measured, 0)
})

t.test('an infinite deadline is passed as a safe integer', async t => {
  t.ok(
    Number.isSafeInteger(await beforeDeadline(build().serverClock, Infinity, async there => there))
  )
})

t.test('a call that is late on a wrong clock is made again on the right one', async t => {
  const { clock, serverClock } = build()
  const deadline = Date.now() + MINUTE
  const told: number[] = []
  t.equal(
    await beforeDeadline(serverClock, deadline, async there =>
      told.push(there) === 1 ? LATE : 'done'
    ),
    'done'
  )
  t.same(told, [deadline, deadline + MINUTE])
  t.equal(clock.measured, 1)
})

t.test('a call that is late by any clock is given up at its deadline', async t => {
  const { clock, serverClock } = build()
  await t.rejects(
    beforeDeadline(serverClock, Date.now() + 20, async () => LATE),
    { message: 'The deadline of this call has passed.' }
  )
  t.ok(clock.measured > 0)
})

t.test('after its deadline no call is made', async t => {
  await t.rejects(
    beforeDeadline(build().serverClock, Date.now() - 1, async () => t.fail()),
    { message: 'The deadline of this call has passed.' }
  )
})

t.test('a call that fails is not made again', async t => {
  let calls = 0
  await t.rejects(
    beforeDeadline(build().serverClock, Infinity, async () => {
      throw new Error(`${++calls}`)
    }),
    { message: '1' }
  )
})
