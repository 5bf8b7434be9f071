import t from 'tap'
import { memoryCounters } from '../../plugin/limits/memory-counters.ts'
import { createPendingFailures } from '../../plugin/limits/pending-failures.ts'
import { DAY, createClock } from '../fixtures/app.ts'

const MAX = 5
const NONE = { ofAll: false, atSource: false }

function build () {
  const clock = createClock()
  const { add, take, restore } = createPendingFailures(memoryCounters(clock), MAX)
  const account = (user: string, source: string) => ({ user, source, exactSource: source })
  return { clock, add, take, restore, account }
}

t.test('pending failures: are taken out by fives, of an account and of a source', async t => {
  const { take, account } = build()
  const taken: [ofAll: number, atSource: number][] = []
  for (let count = 0; count < 12; count++) {
    const { ofAll, atSource } = take(account('vitor', count % 2 === 0 ? 'a' : 'b'), NONE)
    taken.push([ofAll, atSource])
  }
  t.strictSame(taken.map(([ofAll]) => ofAll), [0, 0, 0, 0, 5, 0, 0, 0, 0, 5, 0, 0])
  t.strictSame(taken.map(([, atSource]) => atSource), [0, 0, 0, 0, 0, 0, 0, 0, 5, 5, 0, 0])
})

t.test('pending failures: a filled counter counts five at once', async t => {
  const { take, account } = build()
  take(account('vitor', 'a'), NONE)
  t.strictSame(take(account('vitor', 'a'), { ofAll: true, atSource: false }), {
    ofAll: MAX, atSource: 0
  })
  t.strictSame(take(account('vitor', 'a'), { ofAll: false, atSource: true }), {
    ofAll: 0, atSource: MAX
  })
  for (let count = 0; count < 3; count++) take(account('vitor', 'a'), NONE)
  t.match(take(account('vitor', 'a'), NONE), { ofAll: MAX }, 'and the pending ones are among them')
})

t.test('pending failures: those that did not arrive are taken with the next', async t => {
  const { add, take, restore, account } = build()
  const vitor = account('vitor', 'a')
  for (let count = 0; count < 7; count++) add(vitor)
  t.strictSame(take(vitor, NONE), { ofAll: 8, atSource: 8 })
  restore(vitor, { ofAll: 8, atSource: 8 })
  t.strictSame(take(vitor, NONE), { ofAll: 9, atSource: 9 })
  t.strictSame(take(vitor, NONE), { ofAll: 0, atSource: 0 })
})

t.test('pending failures: are forgotten after a day', async t => {
  const { clock, take, account } = build()
  for (let count = 0; count < 4; count++) take(account('vitor', 'a'), NONE)
  clock.advance(DAY)
  t.strictSame(take(account('vitor', 'a'), NONE), { ofAll: 0, atSource: 0 })
})
