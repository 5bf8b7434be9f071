import { setImmediate } from 'node:timers/promises'
import t from 'tap'
import { newId } from '../../plugin/ids.ts'
import { createEndedSessions, sessionEndedCallback } from '../../plugin/sessions/ended-sessions.ts'
import { SLICE } from '../../plugin/stores/in-slices.ts'
import { buildApp } from '../fixtures/app.ts'
import { decode } from '../fixtures/tokens/jwt.ts'
import { memoryStore } from '../../plugin/stores/memory.ts'

const sidOf = (token: string): string => decode(token).payload.sid as string

/** The log of an app. It keeps the errors. */
function createLog () {
  const errors: unknown[] = []
  const error = ({ err }: { err: Error }, text: string) => errors.push([text, err.message])
  return { errors, error }
}

t.test('onSessionEnded: a throw and a rejection are logged', async t => {
  const failing: ((sid: string) => unknown)[] = [
    () => { throw new Error('a fault') },
    async () => { throw new Error('a fault') },
    () => ({ then: (_: unknown, reject: (error: Error) => void) => reject(new Error('a fault')) })
  ]
  for (const onSessionEnded of failing) {
    const log = createLog()
    sessionEndedCallback(onSessionEnded, log as never)?.('a')
    await setImmediate()
    t.same(log.errors, [['onSessionEnded threw', 'a fault']])
  }
  t.equal(sessionEndedCallback(undefined, createLog() as never), undefined)
})

t.test('onSessionEnded: tells of a logout, of revokeUser and of reuse, once', async t => {
  for (const revocation of ['list', 'store', 'off'] as const) {
    const told: string[] = []
    const { app, login, post } = await buildApp(t, {
      revocation,
      reuseInterval: 0,
      onSessionEnded: sid => { told.push(sid); throw new Error('a fault') }
    })
    await app.ready()
    const [out, all, reused] = [await login(), await login('maria', '456'), await login()]
    t.equal((await post('/api/token/blacklist/', { refresh: out.refresh })).statusCode, 200)
    t.same(told, [sidOf(out.access)])
    t.equal(await app.tokens.revokeUser(3), 1)
    t.equal((await post('/api/token/refresh/', { refresh: reused.refresh })).statusCode, 200)
    t.equal((await post('/api/token/refresh/', { refresh: reused.refresh })).statusCode, 401)
    t.equal((await post('/api/token/refresh/', { refresh: reused.refresh })).statusCode, 401)
    t.same(told, [out, all, reused].map(({ access }) => sidOf(access)), revocation)
  }
})

t.test('onSessionEnded: a shared store is polled for it, whatever the revocation', async t => {
  for (const revocation of ['list', 'store', 'off'] as const) {
    const store = { ...memoryStore(), shared: true }
    const told: string[] = []
    const here = await buildApp(t, {
      store,
      revocation,
      revocationInterval: 0.05,
      onSessionEnded: sid => { told.push(sid) }
    })
    const there = await buildApp(t, { store: { ...store }, revocation })
    const before = await there.login()
    await there.app.tokens.revokeSession(sidOf(before.access))
    await here.app.ready()
    const { access } = await there.login()
    await there.app.tokens.revokeSession(sidOf(access))
    const since = performance.now()
    while (told.length === 0 && performance.now() - since < 5000) await setImmediate()
    t.same(told, [sidOf(access)], revocation)
  }
})

const NONE = new Set<string>()
const revocationsOf = (sids: string[]) =>
  sids.map(sid => ({ sid, revokedAt: 0, accessExpiresAt: 0 }))

/** Returns the sessions that are reported to the host, after a first read that had none. */
async function buildStarted () {
  const told: string[] = []
  const { notice, takeAll } = createEndedSessions(sid => { told.push(sid) })
  await takeAll([], NONE)
  const take = (sids: string[]): Promise<void> => takeAll(revocationsOf(sids), NONE)
  return { told, notice, take, takeAll }
}

t.test('takeAll: forgets a slice in each turn, none that is kept or revoked then', async t => {
  const { told, notice, takeAll } = await buildStarted()
  const sids = Array.from({ length: 4 * SLICE }, newId)
  for (const sid of sids) notice(sid)
  const kept = new Set(sids.slice(0, 10))
  const taken = takeAll([], kept)
  notice('meanwhile')
  await setImmediate()
  told.length = 0
  for (const sid of sids) notice(sid)
  t.ok(told.length > 0 && told.length <= SLICE, `${told.length} were forgotten`)
  await taken
  await takeAll(revocationsOf(['meanwhile']), kept)
  told.length = 0
  for (const sid of [...kept, 'meanwhile']) notice(sid)
  t.same(told, [])
})

t.test('takeAll: a read that answers during another one tells of no session twice', async t => {
  const { told, notice, take } = await buildStarted()
  notice('a')
  const more = Array.from({ length: 3 * SLICE }, newId)
  await Promise.all([take([...more, 'a']), take([])])
  t.equal(told.filter(sid => sid === 'a').length, 1)
  t.equal(told.length, more.length + 1)
})

t.test('takeAll: one that fails does not stop the next', async t => {
  const { told, take } = await buildStarted()
  await t.rejects(take([undefined as never]))
  await take(['a'])
  t.same(told, ['a'])
})
