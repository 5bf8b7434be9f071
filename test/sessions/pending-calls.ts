import t from 'tap'
import { createPendingCalls } from '../../plugin/sessions/pending-calls.ts'
import { SECOND, createClock } from '../fixtures/app.ts'

const TOO_MANY = /calls to the store are pending/

const build = (max: number, maxPerOwner: number) => {
  const clock = createClock()
  return { clock, calls: createPendingCalls({ max, maxPerOwner }, clock) }
}

t.test('pending calls: refuses a call over the limit, until one is removed', async t => {
  const { calls } = build(2, 2)
  const remove = calls.add()
  calls.add('a')
  const tooMany = { message: '2 calls to the store are pending.' }
  t.throws(() => calls.add(), tooMany)
  t.throws(() => calls.add('b'), tooMany)
  remove()
  calls.add('b')
  t.throws(() => calls.add(), TOO_MANY)
})

t.test('pending calls: an owner over its share is refused, and others are not', async t => {
  const { calls } = build(10, 2)
  const remove = calls.add('a')
  calls.add('a')
  t.throws(() => calls.add('a'), {
    message: '2 calls to the store are pending for one owner.'
  })
  calls.add('b')
  calls.add()
  remove()
  calls.add('a')
  t.throws(() => calls.add('a'), TOO_MANY)
})

t.test('pending calls: calls without an owner have no share', async t => {
  const { calls } = build(3, 1)
  for (let count = 0; count < 3; count++) calls.add()
  t.throws(() => calls.add(), { message: '3 calls to the store are pending.' })
})

t.test('pending calls: forgets a call after 30 s, and keeps a younger one', async t => {
  const { clock, calls } = build(2, 2)
  calls.add('a')
  clock.advance(SECOND)
  calls.add('a')
  clock.advance(29 * SECOND - 1)
  t.throws(() => calls.add('a'), TOO_MANY, 'after 29.999 s')
  clock.advance(1)
  calls.add('a')
  t.throws(() => calls.add('a'), TOO_MANY, 'the second began a second later')
})

t.test('pending calls: a late answer of a forgotten call frees no place', async t => {
  const { clock, calls } = build(5, 2)
  const late = [calls.add('a'), calls.add('a')]
  clock.advance(30 * SECOND)
  calls.add('a')
  calls.add('a')
  for (const remove of late) remove()
  t.throws(() => calls.add('a'), TOO_MANY)
})

t.test('pending calls: removing a call twice frees one place', async t => {
  const { calls } = build(2, 2)
  const remove = calls.add('a')
  calls.add('a')
  remove()
  remove()
  calls.add('a')
  t.throws(() => calls.add('a'), TOO_MANY)
})

t.test('pending calls: an error has no stack, and says whose calls are too many', async t => {
  const { stackTraceLimit } = Error
  for (const [max, isOwners] of [[0, false], [1, true]] as const) {
    const { calls } = build(max, 0)
    try {
      calls.add('a')
      t.fail('must throw')
    } catch (error) {
      t.match(error, { isOwners })
      t.notMatch((error as Error).stack, /\n/)
    }
  }
  t.equal(Error.stackTraceLimit, stackTraceLimit)
})
