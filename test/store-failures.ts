import { mock } from 'node:test'
import t from 'tap'
import { createStoreFailures } from '../plugin/store-failures.ts'
import { createLogLines } from './fixtures/log-lines.ts'

/** Failures by a clock that stands still, and all that is told of them. */
function build (t: { after(end: () => unknown): void }) {
  const { log, lines } = createLogLines()
  const events: unknown[] = []
  const clock = { time: 5000 }
  const now = mock.method(performance, 'now', () => clock.time)
  t.after(() => now.mock.restore())
  return { lines, events, clock, failed: createStoreFailures(log, event => { events.push(event) }) }
}

t.test('the first failure of a verb is told at once, with its cause', async t => {
  const { lines, events, failed } = build(t)
  failed('rotate', new Error('ECONNREFUSED'))
  t.match(lines, [
    {
      level: 50,
      msg: 'the session store failed',
      verb: 'rotate',
      failures: 1,
      err: { message: 'ECONNREFUSED' }
    }
  ])
  t.same(events, [{ type: 'store_failed', what: 'rotate' }])
})

t.test('those that follow are told once a second, with how many there were', async t => {
  const { lines, events, clock, failed } = build(t)
  for (let count = 0; count < 100; count++) failed('rotate', new Error(`number ${count}`))
  clock.time += 999
  failed('rotate', new Error('too soon'))
  t.equal(lines.length, 1)
  clock.time += 1
  failed('rotate', new Error('again'))
  failed('rotate', new Error('too soon'))
  t.match(lines, [
    { failures: 1, err: { message: 'number 0' } },
    { failures: 101, err: { message: 'again' } }
  ])
  t.equal(events.length, 2)
})

t.test('each verb is told by itself', async t => {
  const { lines, failed } = build(t)
  for (const verb of ['find', 'rotate', 'find', 'increment']) failed(verb, new Error('down'))
  t.match(lines, [{ verb: 'find' }, { verb: 'rotate' }, { verb: 'increment' }])
})
