import { setImmediate } from 'node:timers/promises'
import t from 'tap'
import { sessionEndedCallback } from '../../plugin/sessions/ended-sessions.ts'
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
