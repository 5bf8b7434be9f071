import t from 'tap'
import type { Claims } from '../../plugin/tokens/claims.ts'
import { memoryStore } from '../../plugin/stores/memory.ts'
import { START } from '../fixtures/app.ts'
import { buildRegistration } from '../fixtures/registration.ts'
import { accessClaims } from '../fixtures/tokens/jwt.ts'
import { session } from '../fixtures/stores/session.ts'

const claims = (sid?: string): Claims =>
  accessClaims(sid === undefined ? {} : { sid }) as unknown as Claims

/**
 * Three sessions: one goes on, one was ended here, one was ended elsewhere and has not reached the
 * list.
 */
async function withSessions (
  t: { after(close: () => unknown): void }, revocation: 'list' | 'store' | 'off'
) {
  const store = memoryStore()
  for (const sid of ['alive', 'ended here', 'ended elsewhere']) await store.create(session({ sid }))
  const { registration } = await buildRegistration(t, { store, revocation })
  await registration.sessions.revoke('ended here')
  await store.revoke('ended elsewhere', START)
  return registration
}

t.test('by the list, what the process knows is revoked, without waiting', async t => {
  const registration = await withSessions(t, 'list')
  t.same(
    ['alive', 'ended here', 'ended elsewhere', 'unknown'].map(sid =>
      registration.isRevoked(claims(sid))
    ),
    [false, true, false, false]
  )
})

t.test('by the store, all that ended or is unknown is revoked', async t => {
  const registration = await withSessions(t, 'store')
  t.same(
    await Promise.all(
      ['alive', 'ended here', 'ended elsewhere', 'unknown'].map(sid =>
        registration.isRevoked(claims(sid))
      )
    ),
    [false, true, true, true]
  )
})

t.test('switched off, nothing is revoked', async t => {
  const registration = await withSessions(t, 'off')
  t.same(
    ['alive', 'ended here', 'ended elsewhere', 'unknown'].map(sid =>
      registration.isRevoked(claims(sid))
    ),
    [false, false, false, false]
  )
})

t.test('a token without a session cannot be revoked', async t => {
  for (const revocation of ['list', 'store', 'off'] as const) {
    t.equal((await withSessions(t, revocation)).isRevoked(claims()), false, revocation)
  }
})

t.test('a store that is down is a 503, never a verdict', async t => {
  const { registration } = await buildRegistration(t, {
    revocation: 'store',
    store: {
      ...memoryStore(),
      find: async () => {
        throw new Error('down')
      }
    }
  })
  await t.rejects(Promise.resolve(registration.isRevoked(claims('alive'))), {
    statusCode: 503,
    code: 'store_unavailable'
  })
})
