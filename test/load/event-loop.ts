import { setImmediate as nextTurn } from 'node:timers/promises'
import t from 'tap'
import { longestTurn } from '../../plugin/store-contract/event-loop.ts'
import { session } from '../../plugin/store-contract/case.ts'
import { createRevocations } from '../../plugin/sessions/revocation.ts'
import { SLICE } from '../../plugin/stores/in-slices.ts'
import { memoryStore } from '../../plugin/stores/memory.ts'
import { newId } from '../../plugin/ids.ts'
import { START, createClock } from '../fixtures/app.ts'

const PRUNED = 600_000
const SWEPT = 500_000
/** A collection of garbage may fall into any turn, so the work is repeated. */
const ATTEMPTS = 3

/** Returns the milliseconds of one pass that empties a `Map`. */
async function onePass (): Promise<number> {
  const map = new Map(Array.from({ length: PRUNED }, () => [newId(), Math.random()]))
  const { longest } = await longestTurn(async () => { for (const [sid] of map) map.delete(sid) })
  return longest
}

/** Returns the longest turn of each attempt, in milliseconds. The last one may be good. */
async function longestTurns (attempt: () => Promise<number>, bound: number): Promise<number[]> {
  const turns: number[] = []
  do turns.push(await attempt())
  while (turns.length < ATTEMPTS && (turns.at(-1) as number) > bound)
  return turns
}

async function prune (): Promise<number> {
  const monotonic = createClock(0)
  const revocations = createRevocations({
    store: memoryStore(),
    interval: 1000,
    accessTokenLifetime: 1000,
    leeway: 0,
    now: createClock(),
    clocks: { wall: createClock(), monotonic }
  })
  const sids = Array.from({ length: PRUNED }, newId)
  for (const sid of sids) revocations.add(sid, START)
  monotonic.advance(60_000)
  const { longest } = await longestTurn(async () => {
    revocations.prune()
    for (let turn = 0; turn <= PRUNED / SLICE; turn++) await nextTurn()
  })
  if (sids.some(revocations.has)) throw new Error('the list was not pruned')
  return longest
}

async function sweep (): Promise<number> {
  const store = memoryStore()
  for (let user = 0; user < SWEPT; user++) {
    await store.create(session({ sid: newId(), userId: `${user}` }))
  }
  const { result, longest } = await longestTurn(() => store.sweep(Infinity))
  if (result !== SWEPT) throw new Error(`${result} sessions were deleted`)
  return longest
}

for (const [name, attempt] of Object.entries({ prune, sweep })) {
  t.test(`${name}: a turn of the event loop takes at most a tenth of one pass`, async t => {
    const bound = await onePass() / 10
    const turns = await longestTurns(attempt, bound)
    t.ok(Math.min(...turns) <= bound, `${turns.join(', ')} ms of ${bound}`)
  })
}
