import t from 'tap'
import type { Claims } from '../../plugin/tokens/claims.ts'
import { isRevoked } from '../../plugin/sessions/is-revoked.ts'
import { memoryStore } from '../../plugin/stores/memory.ts'
import { START } from '../fixtures/app.ts'
import { buildCore } from '../fixtures/registration.ts'
import { accessClaims } from '../fixtures/tokens/jwt.ts'
import { session } from '../fixtures/stores/session.ts'

const claims = (sid?: string): Claims => accessClaims(sid === undefined ? {} : { sid }) as unknown as Claims

/** Three sessions: one goes on, one was ended here, one was ended elsewhere and has not reached the list. */
async function withSessions (t: { after(close: () => unknown): void }, revocation: 'list' | 'store' | 'off') {
  const store = memoryStore()
  for (const sid of ['alive', 'ended here', 'ended elsewhere']) await store.create(session({ sid }))
  const { core } = await buildCore(t, { store, revocation })
  await core.sessions.revoke('ended here')
  await store.revoke('ended elsewhere', START)
  return core
}

t.test('by the list, what the process knows is revoked, without waiting', async t => {
  const core = await withSessions(t, 'list')
  t.same(['alive', 'ended here', 'ended elsewhere', 'unknown'].map(sid => isRevoked(core, claims(sid))), [false, true, false, false])
})

t.test('by the store, all that ended or is unknown is revoked', async t => {
  const core = await withSessions(t, 'store')
  t.same(await Promise.all(['alive', 'ended here', 'ended elsewhere', 'unknown'].map(sid => isRevoked(core, claims(sid)))), [false, true, true, true])
})

t.test('switched off, nothing is revoked', async t => {
  const core = await withSessions(t, 'off')
  t.same(['alive', 'ended here', 'ended elsewhere', 'unknown'].map(sid => isRevoked(core, claims(sid))), [false, false, false, false])
})

t.test('a token without a session cannot be revoked', async t => {
  for (const revocation of ['list', 'store', 'off'] as const) {
    t.equal(isRevoked(await withSessions(t, revocation), claims()), false, revocation)
  }
})

t.test('a store that is down is a 503, never a verdict', async t => {
  const { core } = await buildCore(t, { revocation: 'store', store: { ...memoryStore(), find: async () => { throw new Error('down') } } })
  await t.rejects(Promise.resolve(isRevoked(core, claims('alive'))), { statusCode: 503, code: 'store_unavailable' })
})
