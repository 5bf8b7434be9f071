import { setImmediate as nextTurn } from 'node:timers/promises'
import t from 'tap'
import { newId } from '../../plugin/ids.ts'
import { createRevocations } from '../../plugin/sessions/revocation.ts'
import { SLICE } from '../../plugin/stores/in-slices.ts'
import { memoryStore } from '../../plugin/stores/memory.ts'
import type { Revocation, SessionStore } from '../../plugin/stores/store.ts'
import { MINUTE, START, buildApp, createClock } from '../fixtures/app.ts'
import { session } from '../fixtures/stores/session.ts'

const HOUR = 60 * MINUTE
const MANY = 6 * SLICE
const ids = (count = MANY): string[] => Array.from({ length: count }, newId)
const revocationOf = (sid: string): Revocation =>
  ({ sid, revokedAt: START, accessExpiresAt: START + MINUTE })

/** A list with a store whose feed has the given sessions. */
function build (t: { after(stop: () => void): void }, { shared = true, tells = true } = {}) {
  const feed: string[] = []
  const told: string[] = []
  const clocks = { wall: createClock(), monotonic: createClock(0) }
  const store: SessionStore = {
    ...memoryStore(), shared, revokedSince: async () => feed.map(revocationOf)
  }
  const revocations = createRevocations({
    store,
    interval: MINUTE,
    accessTokenLifetime: MINUTE,
    leeway: 0,
    now: createClock(),
    clocks,
    onEnded: tells ? sid => { told.push(sid) } : undefined
  })
  t.after(() => revocations.stop())
  const refused = (sids: string[]): number =>
    sids.filter(sid => revocations.has(sid) === true).length
  return { revocations, feed, told, monotonic: clocks.monotonic, refused }
}

/** Counts in each turn until the count is `last`, for a hundred turns at the most. */
async function eachTurn (last: number, count: () => number): Promise<number[]> {
  const counts = [count()]
  while (counts.at(-1) !== last && counts.length < 100) {
    await nextTurn()
    counts.push(count())
  }
  return counts
}

/** Returns whether a turn changed no count by more than a slice, and several changed it. */
const isInSlices = (counts: number[]): boolean =>
  counts.length >= MANY / SLICE && counts.every((count, turn) =>
    turn === 0 || Math.abs(count - (counts[turn - 1] as number)) <= SLICE)

t.test('prune: removes a slice in each turn, and no session that must be refused', async t => {
  const { revocations, monotonic, refused } = build(t)
  const [gone, kept] = [ids(), ids()]
  for (const sid of gone) revocations.add(sid, START)
  for (const sid of kept) revocations.add(sid, START, START + HOUR)
  monotonic.advance(2 * MINUTE)
  revocations.prune()
  let keptAtLeast = Infinity
  const counts = await eachTurn(0, () => {
    keptAtLeast = Math.min(keptAtLeast, refused(kept))
    return refused(gone)
  })
  t.ok(isInSlices(counts), counts.join())
  t.ok((counts[0] as number) > 0, 'not all at once')
  t.equal(counts.at(-1), 0)
  t.equal(keptAtLeast, kept.length)
})

t.test('prune: two at a time do the work of one', async t => {
  const { revocations, monotonic, refused } = build(t)
  const [early, late] = [ids(), ids(10)]
  for (const sid of early) revocations.add(sid, START)
  monotonic.advance(2 * MINUTE)
  for (const sid of late) revocations.add(sid, START)
  revocations.prune()
  await nextTurn()
  monotonic.advance(2 * MINUTE)
  const counts = await eachTurn(0, () => {
    revocations.prune()
    return refused(early)
  })
  t.ok(isInSlices(counts), counts.join())
  await nextTurn()
  revocations.prune()
  t.equal(refused(late), 0, 'and a later one removes what has expired since')
})

t.test('prune: keeps what is revoked while it runs, for as long as it must', async t => {
  const { revocations, monotonic, refused } = build(t)
  const [gone, again, added] = [ids(), ids(100), ids(100)]
  for (const sid of [...gone, ...again]) revocations.add(sid, START)
  monotonic.advance(2 * MINUTE)
  revocations.prune()
  for (const sid of [...again, ...added]) revocations.add(sid, START + 2 * MINUTE)
  await eachTurn(0, () => refused(gone))
  t.same([gone, again, added].map(refused), [0, 100, 100])
})

t.test('prune: the end of the app stops it', async t => {
  const { revocations, monotonic, refused } = build(t)
  const gone = ids()
  for (const sid of gone) revocations.add(sid, START)
  monotonic.advance(2 * MINUTE)
  revocations.prune()
  revocations.stop()
  await nextTurn()
  await nextTurn()
  t.equal(refused(gone), MANY - SLICE)
})

t.test('app.close() during a prune and a sweep loses nothing', async t => {
  const clock = createClock()
  const store = memoryStore()
  for (const sid of ids()) await store.create(session({ sid }))
  const expiresAt = START + 1000 * HOUR
  await store.create(session({ sid: 'kept', userId: '2', endsAt: expiresAt, expiresAt }))
  const { app } = await buildApp(t, { store, now: clock })
  await app.ready()
  await app.tokens.revokeUser(1)
  clock.advance(900 * HOUR)
  const swept = app.tokens.sweep()
  await app.close()
  t.equal(await swept, MANY)
  t.ok(await store.find('kept'))
})

t.test('start: takes a slice of a big feed in each turn, and waits for all of it', async t => {
  const { revocations, feed, told, refused } = build(t)
  feed.push(...ids())
  const counting = eachTurn(MANY, () => refused(feed))
  const started = revocations.start()
  t.ok(isInSlices(await counting))
  await started
  t.equal(refused(feed), MANY)
  t.same(told, [], 'all were revoked before')
})

t.test('has: after a freeze, waits for the whole feed', async t => {
  const { revocations, feed, monotonic } = build(t, { tells: false })
  await revocations.start()
  feed.push(...ids())
  monotonic.advance(MINUTE + 1)
  t.equal(await revocations.has(feed.at(-1) as string), true)
})

t.test('onEnded: is called for a slice in each turn, once for each session', async t => {
  for (const [shared, idle] of [[true, MINUTE], [true, HOUR], [false, HOUR]] as const) {
    const { revocations, feed, told, monotonic } = build(t, { shared })
    await revocations.start()
    feed.push(...ids())
    const here = feed.slice(-10)
    monotonic.advance(idle + 1)
    const counting = eachTurn(MANY, () => {
      if (told.length > SLICE) for (const sid of here) revocations.add(sid, START)
      return told.length
    })
    if (shared) revocations.has('unknown')
    else revocations.prune()
    const counts = await counting
    t.ok(counts.every((count, turn) => count - (counts[turn - 1] ?? 0) <= SLICE + here.length))
    t.equal(told.length, MANY)
    t.same(new Set(told), new Set(feed))
  }
})
