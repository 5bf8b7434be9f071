import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { withTimeout } from '../plugin/timeout.ts'
import { unhandledRejections } from './fixtures/rejections.ts'

const timers = (): number =>
  process.getActiveResourcesInfo().filter(name => name === 'Timeout').length

t.test('what a call comes to in time is passed on, and no timer is left behind', async t => {
  const before = timers()
  t.equal(await withTimeout(Promise.resolve('answer'), 60_000, 'The store'), 'answer')
  await t.rejects(withTimeout(Promise.reject(new Error('down')), 60_000, 'The store'), {
    message: 'down'
  })
  t.equal(timers(), before)
})

t.test('a call that takes longer is given up, and the error says who did not answer', async t => {
  const startedAt = performance.now()
  await t.rejects(withTimeout(new Promise(() => {}), 30, 'The store'), {
    message: 'The store did not answer within 30 ms.'
  })
  t.ok(performance.now() - startedAt > 28)
})

t.test('an answer that came while the event loop was busy is in time', async t => {
  const call = new Promise(resolve => { setTimeout(() => { setImmediate(resolve, 'answer') }, 5) })
  const answer = withTimeout(call, 20, 'The store')
  const startedAt = performance.now()
  while (performance.now() - startedAt < 60);
  t.equal(await answer, 'answer')
})

t.test('what a call comes to later is nobody\'s concern', async t => {
  const rejections = unhandledRejections(t)
  await t.rejects(
    withTimeout(
      sleep(30).then(() => {
        throw new Error('late')
      }),
      5,
      'The store'
    ),
    { message: /did not answer/ }
  )
  await sleep(80)
  t.strictSame(rejections, [])
})
