import { setTimeout } from 'node:timers/promises'
import t from 'tap'
import { boundedStore } from '../../plugin/stores/bounded.ts'
import { memoryStore } from '../../plugin/stores/memory.ts'
import type { Rotation, SessionStore } from '../../plugin/stores/store.ts'
import { DAY, SECOND, START } from '../fixtures/app.ts'
import { session, storeThat } from '../fixtures/session.ts'

const ROTATION: Rotation = { sid: session().sid, presented: session().jti, next: { jti: 'next', issuedAt: START, expiresAt: START + DAY }, now: START, reuseInterval: 0, deadline: Infinity }

const CALLS: [verb: string, (store: SessionStore) => Promise<unknown>][] = [
  ['create', store => store.create(session())],
  ['adopt', store => store.adopt(session())],
  ['find', store => store.find('a')],
  ['rotate', store => store.rotate(ROTATION)],
  ['revoke', store => store.revoke('a', START)],
  ['revokeUser', store => store.revokeUser('1', START, 'a')],
  ['list', store => store.list('1', START)],
  ['revokedSince', store => store.revokedSince(START)],
  ['sweep', store => store.sweep(START)]
]

const UNAVAILABLE = { name: 'SimpleJwtError', statusCode: 503, code: 'store_unavailable', headers: { 'retry-after': '1' } }

/** All that is told of failures: verb and cause. */
function build (store: SessionStore, patience?: number) {
  const failures: [verb: string, cause: unknown][] = []
  return { failures, store: boundedStore(store, (verb, cause) => { failures.push([verb, cause]) }, patience === undefined ? {} : { patience }) }
}

t.test('a store that rejects, or throws at once, is a 503, and the cause is told', async t => {
  const cause = new Error('ECONNREFUSED')
  for (const broken of [storeThat(async () => { throw cause }), storeThat(() => { throw cause })]) {
    for (const [verb, call] of CALLS) {
      const { store, failures } = build(broken)
      await t.rejects(call(store), UNAVAILABLE, verb)
      t.equal(failures.length, 1)
      t.equal(failures[0]?.[0], verb)
      t.equal(failures[0]?.[1], cause)
    }
  }
})

t.test('what the store said does not reach the answer', async t => {
  const { store } = build(storeThat(async () => { throw new Error('password authentication failed for user "app"') }))
  const error = await store.find('a').catch((error: unknown) => error as Error & { body: unknown })
  t.notMatch(JSON.stringify(error), /password/)
  t.same((error as { body: unknown }).body, { detail: 'The session store is not available. Try again.', code: 'store_unavailable' })
})

t.test('a store that never answers is a 503 when patience is at its end', async t => {
  for (const [verb, call] of CALLS) {
    const { store, failures } = build(storeThat(() => new Promise(() => {})), 20)
    await t.rejects(call(store), UNAVAILABLE, verb)
    t.match(failures, [[verb, { message: 'The store did not answer within 20 ms.' }]])
  }
})

t.test('what a late store comes back with is nobody\'s concern', async t => {
  const rejections: unknown[] = []
  const listener = (reason: unknown) => { rejections.push(reason) }
  process.on('unhandledRejection', listener)
  t.after(() => process.off('unhandledRejection', listener))
  const { store, failures } = build(storeThat(async () => { await setTimeout(30); throw new Error('late') }), 5)
  await t.rejects(store.find('a'), UNAVAILABLE)
  await setTimeout(60)
  t.same(rejections, [])
  t.equal(failures.length, 1)
})

t.test('a rotation carries the end of patience as its deadline, on the wall clock', async t => {
  for (const [patience, expected] of [[undefined, 0.75 * SECOND], [250, 250]] as const) {
    const seen: Rotation[] = []
    const memory = memoryStore()
    const { store } = build({ ...memory, rotate: rotation => { seen.push(rotation); return memory.rotate(rotation) } }, patience)
    const before = Date.now()
    await store.rotate(ROTATION)
    const { deadline, ...rest } = seen[0] as Rotation
    t.ok(deadline >= before + expected && deadline <= Date.now() + expected)
    t.same({ ...rest, deadline: Infinity }, ROTATION, 'the rest is as it was')
  }
})

t.test('a rotation that starts too late changes nothing after the client was told 503', async t => {
  const memory = memoryStore()
  await memory.create(session())
  let thawed = Promise.resolve()
  const { store } = build({ ...memory, rotate: rotation => (thawed = setTimeout(40)).then(() => memory.rotate(rotation)) }, 10)
  await t.rejects(store.rotate(ROTATION), UNAVAILABLE)
  await thawed
  await setTimeout(5)
  t.same(await memory.find(session().sid), session())
})

t.test('what the store answers in time is passed on, and so is what it was asked', async t => {
  for (const [verb, call] of CALLS) {
    const asked: unknown[] = []
    const answer = {}
    const { store, failures } = build({ ...memoryStore(), [verb]: async (...given: unknown[]) => { asked.push(...given); return answer } })
    t.equal(await call(store), answer, verb)
    const direct: unknown[] = []
    await call({ ...memoryStore(), [verb]: async (...given: unknown[]) => { direct.push(...given) } })
    t.same(asked.map(given => verb === 'rotate' ? { ...given as Rotation, deadline: Infinity } : given), direct, verb)
    t.equal(failures.length, 0)
  }
})

t.test('shared is what the store says', async t => {
  t.equal(build(memoryStore()).store.shared, false)
  t.equal(build({ ...memoryStore(), shared: true }).store.shared, true)
})

t.test('a call that was answered leaves no timer behind', async t => {
  const timers = () => process.getActiveResourcesInfo().filter(name => name === 'Timeout').length
  const before = timers()
  for (const broken of [memoryStore(), storeThat(async () => { throw new Error('down') })]) await build(broken, 60_000).store.find('a').catch(() => {})
  t.equal(timers(), before)
})
