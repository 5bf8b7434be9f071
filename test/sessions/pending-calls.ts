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

t.test('enter: a call over the share waits, in the order of the calls', async t => {
  const calls = createPendingCalls({ max: 10, maxPerOwner: 1, maxWaiting: 2 })
  const first = calls.enter('a') as () => void
  const order: string[] = []
  const [second, third] = ['second', 'third'].map(async name => {
    const remove = await calls.enter('a')
    order.push(name)
    return remove
  })
  t.throws(() => calls.enter('a'), TOO_MANY, 'at most maxWaiting')
  t.type(calls.enter('b'), 'function', 'others do not wait')
  t.type(calls.enter(), 'function')
  first()
  const remove = await second
  t.same(order, ['second'])
  remove?.()
  await third
  t.same(order, ['second', 'third'])
})

t.test('enter: a waiting call gets the place also while all others are taken', async t => {
  const calls = createPendingCalls({ max: 2, maxPerOwner: 1, maxWaiting: 1 })
  const remove = calls.add('a')
  calls.add('b')
  const waiting = calls.enter('a') as Promise<() => void>
  remove()
  t.type(await waiting, 'function')
  t.throws(() => calls.add('c'), TOO_MANY)
})

t.test('refuseWaiting: further calls of the owner do not wait until one is removed', async t => {
  const calls = createPendingCalls({ max: 10, maxPerOwner: 1, maxWaiting: 1 })
  const remove = calls.add('a')
  const waiting = t.rejects(calls.enter('a') as Promise<unknown>, TOO_MANY)
  calls.refuseWaiting('a')
  await waiting
  t.throws(() => calls.enter('a'), TOO_MANY)
  remove()
  const again = calls.enter('a') as () => void
  const next = calls.enter('a') as Promise<() => void>
  again()
  t.type(await next, 'function')
  for (const owner of ['unknown', undefined]) calls.refuseWaiting(owner)
  t.type(calls.enter('unknown'), 'function')
})
