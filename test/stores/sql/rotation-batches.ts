import { mock } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { NOW, presentation, session } from '../../../plugin/store-contract/case.ts'
import type { Rotation, RotationOutcome, RotationResult } from '../../../plugin/stores/rotation.ts'
import { rotationBatches } from '../../../plugin/stores/sql/rotation-batches.ts'

/** A statement that the test answers. */
interface Sent {
  sids: string[]
  answer(outcomes?: (RotationOutcome | undefined)[]): Promise<void>
  fail(error: Error): Promise<void>
}

const resultOf = (outcome: RotationOutcome, sid: string): RotationResult =>
  ({ outcome, session: session({ sid }) })

/** Lets a statement that waits for the end of this turn be sent. */
async function settle (): Promise<void> {
  await nextTurn()
  await nextTurn()
}

/** The batches of a database that answers when the test says. */
function build (t: Test) {
  mock.timers.enable({ apis: ['setTimeout'] })
  t.after(() => { mock.timers.reset() })
  const sent: Sent[] = []
  const completed: string[] = []
  const send = (rotations: Rotation[]): Promise<(RotationResult | undefined)[]> =>
    new Promise((resolve, reject) => {
      const sids = rotations.map(({ sid }) => sid)
      sent.push({
        sids,
        answer (outcomes = sids.map(() => 'rotated')) {
          resolve(sids.map((sid, index) => {
            const outcome = outcomes[index]
            return outcome && resultOf(outcome, sid)
          }))
          return settle()
        },
        fail (error) {
          reject(error)
          return settle()
        }
      })
    })
  const rotate = rotationBatches({
    alone: async rotation => (await send([rotation]))[0] as RotationResult,
    together: send,
    async afterwards ({ sid }) {
      completed.push(sid)
      return resultOf('ended', sid)
    }
  })
  const start = (...sids: string[]): Promise<RotationResult>[] =>
    sids.map(sid => rotate(presentation('t0', 't1', NOW, { sid })))
  return { start, sent, completed, last: () => sent.at(-1) as Sent }
}

t.test('rotations that arrive during a statement go in the next, ordered by sid', async t => {
  const { start, sent, last } = build(t)
  const results = start('d', 'c', 'a', 'b')
  t.same(sent.map(({ sids }) => sids), [['d']], 'a lone rotation goes alone, at once')
  await last().answer()
  t.same(last().sids, ['a', 'b', 'c'])
  await last().answer(['rotated', 'reused', 'ended'])
  t.same(
    (await Promise.all(results)).map(({ outcome, session }) => [session?.sid, outcome]),
    [['d', 'rotated'], ['c', 'ended'], ['a', 'rotated'], ['b', 'reused']],
    'each has its own outcome'
  )
  start('e')
  t.same(last().sids, ['e'])
  t.equal(sent.length, 3)
})

t.test('a second rotation of a session goes in the next statement', async t => {
  const { start, last } = build(t)
  start('x', 'a', 'a', 'b', 'a')
  for (const sids of [['x'], ['a', 'b'], ['a'], ['a']]) {
    t.same(last().sids, sids)
    await last().answer()
  }
})

t.test('a statement rotates at most 256 sessions, the oldest first', async t => {
  const { start, last } = build(t)
  const sids = Array.from({ length: 300 }, (_, index) => `s${2000 - index}`)
  start('x', ...sids)
  for (const batch of [['x'], sids.slice(0, 256), sids.slice(256)]) {
    t.same(last().sids, batch.toReversed())
    await last().answer()
  }
})

t.test('rotations that answers bring go together', async t => {
  const { start, last } = build(t)
  const [first] = start('a', 'b')
  const brought = first?.then(async () => {
    // A request has more of the same turn before and after it: its answer, and its parsing.
    for (let tick = 0; tick < 50; tick++) await undefined
    start('c', 'd')
  })
  await last().answer()
  await brought
  t.same(last().sids, ['b', 'c', 'd'])
})

t.test('a rotation whose row the statement did not change is completed by itself', async t => {
  const { start, last, completed } = build(t)
  const [, a, b] = start('x', 'a', 'b')
  await last().answer()
  await last().answer(['rotated', undefined])
  t.match(await a, { outcome: 'rotated', session: { sid: 'a' } })
  t.match(await b, { outcome: 'ended', session: { sid: 'b' } })
  t.same(completed, ['b'])
})

t.test('a statement that fails rejects its own rotations, and the next follows', async t => {
  const { start, last } = build(t)
  const failures = start('x', 'a', 'b').map(result => t.rejects(result, { message: 'away' }))
  await last().fail(new Error('away'))
  t.same(last().sids, ['a', 'b'])
  await last().fail(new Error('away'))
  await Promise.all(failures)
  const [good] = start('c')
  await last().answer()
  t.match(await good, { outcome: 'rotated' })
})

t.test('a statement without an answer delays the next for 50 ms', async t => {
  const { start, sent, last } = build(t)
  const [slow] = start('x', 'a', 'b')
  mock.timers.tick(49)
  await settle()
  t.equal(sent.length, 1)
  mock.timers.tick(1)
  await settle()
  t.same(last().sids, ['a', 'b'])
  start('c')
  await sent[0]?.answer()
  t.match(await slow, { session: { sid: 'x' } })
  t.equal(sent.length, 2, 'its late answer starts nothing')
  await last().answer()
  t.same(last().sids, ['c'])
})
