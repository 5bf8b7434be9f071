import { setImmediate as nextTurn } from 'node:timers/promises'
import t from 'tap'
import { storeContract } from '../../plugin/store-contract.ts'
import { newId } from '../../plugin/ids.ts'
import { SLICE } from '../../plugin/stores/in-slices.ts'
import { memoryStore } from '../../plugin/stores/memory.ts'
import { HOUR, NOW, presentation, session } from '../../plugin/store-contract/case.ts'

storeContract({ test: (name, run) => t.test(name, run), open: memoryStore })

t.test('a memory store is not shared', async t => {
  t.equal(memoryStore().shared, false)
})

t.test('a sweep of many sessions lets others run in between, and minds what they add', async t => {
  const store = memoryStore()
  const { endsAt } = session()
  for (let index = 0; index < 12_000; index++) await store.create(session({ sid: `s${index}` }))
  let others = 0
  setImmediate(() => others++)
  const sweep = store.sweep(endsAt + 1)
  await store.create(session({ sid: 'new', expiresAt: endsAt + 10_000, endsAt: endsAt + 10_000 }))
  t.equal(await sweep, 12_000)
  t.equal(others, 1)
  t.ok(await store.find('new'))
})

const MANY = 4 * SLICE

/** Returns the result of a promise, and the turns of the event loop that it took. */
async function inTurns<T> (promise: Promise<T>): Promise<{ result: T, turns: number }> {
  let turns = 0
  let counting = setImmediate(function count () {
    turns++
    counting = setImmediate(count)
  })
  const result = await promise
  clearImmediate(counting)
  return { result, turns }
}

/** A store of many sessions, each of a separate user. */
async function buildMany () {
  const store = memoryStore()
  const sids = Array.from({ length: MANY }, newId)
  for (const sid of sids) await store.create(session({ sid, userId: `user of ${sid}` }))
  const left = async (): Promise<string[]> => {
    const found = await Promise.all(sids.map(store.find))
    return sids.filter((_sid, index) => found[index] !== null)
  }
  return { store, sids, left }
}

t.test('a sweep deletes a slice in each turn, and not what was refreshed meanwhile', async t => {
  const { store, left } = await buildMany()
  const { expiresAt } = session()
  const swept = store.sweep(expiresAt + HOUR)
  t.equal((await left()).length, MANY - SLICE)
  await nextTurn()
  const waiting = await left()
  t.equal(waiting.length, MANY - 2 * SLICE)
  const refreshed = waiting.slice(-10)
  for (const sid of refreshed) {
    const rotation = presentation('t0', 't1', NOW + 2 * HOUR, { sid })
    t.equal((await store.rotate(rotation)).outcome, 'rotated')
  }
  const again = store.sweep(expiresAt + HOUR)
  t.equal(await swept + await again, MANY - refreshed.length, 'two sweeps delete each once')
  t.same(await left(), refreshed)
})

t.test('revokedSince: visits a slice in each turn, and finds all', async t => {
  const { store, sids } = await buildMany()
  await Promise.all(sids.map((sid, index) => store.revoke(sid, NOW + index % 2)))
  const found = await inTurns(store.revokedSince(NOW + 1))
  t.equal(found.result.length, MANY / 2)
  t.ok(found.turns >= 3, `${found.turns} turns`)
})

t.test('rotate: keeps the time of the refresh apart from that of the token', async t => {
  const store = memoryStore()
  await store.create(session())
  const next = { jti: 't1', issuedAt: NOW, expiresAt: NOW + HOUR }
  const { session: rotated } = await store.rotate(presentation('t0', 't1', NOW + 999, { next }))
  t.match(rotated, { issuedAt: NOW, rotatedAt: NOW + 999 })
  t.equal((await store.find('s'))?.rotatedAt, NOW + 999)
})
