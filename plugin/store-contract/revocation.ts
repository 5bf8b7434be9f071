import assert from 'node:assert/strict'
import { type ContractCase, HOUR, NOW, SECOND, presentation, session } from './case.ts'
import { longestTurn } from './event-loop.ts'
import type { SessionStore } from '../stores/store.ts'

const sids = (sessions: { sid: string }[]): string[] => sessions.map(({ sid }) => sid).sort()

/**
 * Revokes all except one of ten thousand sessions. Returns the longest turn of the event loop, in
 * milliseconds.
 */
async function endTenThousand (store: SessionStore, userId: string): Promise<number> {
  const own = Array.from({ length: 10_000 }, (_, index) => `${userId}-${index}`)
  const [kept] = own
  for (let start = 0; start < own.length; start += 500) {
    await Promise.all(
      own.slice(start, start + 500).map(sid => store.create(session({ sid, userId })))
    )
  }
  const startedAt = performance.now()
  const { result, longest } = await longestTurn(() => store.revokeUser(userId, NOW, kept))
  assert.ok(performance.now() - startedAt < 5 * SECOND, `took ${performance.now() - startedAt} ms`)
  assert.equal(new Set(result).size, own.length - 1)
  assert.deepEqual((await store.list(userId, NOW)).map(({ sid }) => sid), [kept])
  return longest
}

/** Cases of revocations and of the lists that show them. */
export const ending: ContractCase[] = [
  {
    name: 'revoke: revokes a session once and never moves its revocation time',
    async run (store) {
      await store.create(session())
      assert.equal(await store.revoke('s', NOW + 1), true)
      assert.equal(await store.revoke('s', NOW + 2), false)
      assert.equal(await store.revoke('unknown', NOW), false)
      assert.deepEqual(await store.find('s'), session({ revokedAt: NOW + 1 }))
    }
  },
  {
    name: 'revoke: wins against a simultaneous refresh',
    async run (store) {
      for (let round = 0; round < 1000; round++) {
        const sid = `s${round}`
        await store.create(session({ sid }))
        const calls = [store.rotate(presentation('t0', 't1', NOW, { sid })), store.revoke(sid, NOW)]
        await Promise.all(round % 2 === 0 ? calls : calls.reverse())
        for (const jti of ['t0', 't1']) {
          assert.equal(
            (await store.rotate(presentation(jti, 't2', NOW, { sid }))).outcome,
            'ended',
            `round ${round}`
          )
        }
      }
    }
  },
  {
    name: 'revoke and revokeUser: throw after their deadline and change nothing',
    async run (store) {
      await store.create(session())
      await assert.rejects(store.revoke('s', NOW, Date.now() - 60 * SECOND))
      await assert.rejects(store.revokeUser('7', NOW, undefined, Date.now() - 60 * SECOND))
      assert.deepEqual(await store.find('s'), session())
      assert.equal(await store.revoke('s', NOW, Date.now() + 60 * SECOND), true)
    }
  },
  {
    name: 'revokeUser: revokes all sessions of a user except one, and returns their ids',
    async run (store) {
      for (const sid of ['a', 'b', 'c']) await store.create(session({ sid }))
      await store.create(session({ sid: 'expired', expiresAt: NOW }))
      await store.create(session({ sid: 'other', userId: '8' }))
      await store.revoke('c', NOW - 1)
      assert.deepEqual((await store.revokeUser('7', NOW, 'b')).sort(), ['a', 'expired'])
      assert.deepEqual(
        await store.revokeUser('7', NOW, 'other'),
        ['b'],
        'ignores the session of another user as the exception'
      )
      assert.deepEqual(await store.revokeUser('nobody', NOW), [])
      assert.equal((await store.find('other'))?.revokedAt, null)
      assert.equal((await store.find('c'))?.revokedAt, NOW - 1)
    }
  },
  {
    name: 'revokeUser: revokes the sessions of simultaneous refreshes too',
    async run (store) {
      for (let round = 0; round < 100; round++) {
        const userId = `user${round}`
        const own = Array.from({ length: 10 }, (_, index) => `${userId}-${index}`)
        for (const sid of own) await store.create(session({ sid, userId }))
        const refreshes = own.map(sid => store.rotate(presentation('t0', 't1', NOW, { sid })))
        await Promise.all([
          ...refreshes.slice(0, 5), store.revokeUser(userId, NOW), ...refreshes.slice(5)
        ])
        assert.deepEqual(await store.list(userId, NOW), [])
      }
    }
  },
  {
    name: 'revokeUser: revokes 10,000 sessions in 5 s without blocking the event loop for 50 ms',
    async run (store) {
      const turns: number[] = []
      // A garbage collection or a busy machine can lengthen one try. A store that blocks the event
      // loop does so in all three.
      for (const userId of ['7', '8', '9']) {
        turns.push(await endTenThousand(store, userId))
        if (turns.some(longest => longest < 50)) return
      }
      assert.fail(`the event loop was blocked for ${turns.join(', ')} ms`)
    }
  },
  {
    name: 'list: returns the live sessions of a user, oldest first',
    async run (store) {
      await store.create(session({ sid: 'late', createdAt: NOW + 2 }))
      await store.create(session({ sid: 'early', createdAt: NOW + 1 }))
      await store.create(session({ sid: 'revoked' }))
      await store.create(session({ sid: 'expired', expiresAt: NOW + HOUR }))
      await store.create(session({ sid: 'over', endsAt: NOW + HOUR }))
      await store.create(session({ sid: 'other', userId: '8' }))
      await store.revoke('revoked', NOW)
      assert.deepEqual((await store.list('7', NOW + HOUR)).map(({ sid }) => sid), ['early', 'late'])
      assert.deepEqual(await store.list('nobody', NOW), [])
    }
  },
  {
    name: 'list and revokedSince: return all of a thousand sessions',
    async run (store) {
      for (let index = 0; index < 1000; index++) await store.create(session({ sid: `s${index}` }))
      assert.equal((await store.list('7', NOW)).length, 1000)
      assert.equal((await store.revokeUser('7', NOW)).length, 1000)
      assert.equal((await store.revokedSince(NOW)).length, 1000)
    }
  },
  {
    name: 'revokedSince: returns each session revoked at that time or later',
    async run (store) {
      for (const sid of ['a', 'b', 'c', 'd']) await store.create(session({ sid, userId: sid }))
      await store.revoke('a', NOW - 1)
      await store.revoke('b', NOW)
      await store.revokeUser('c', NOW + 1)
      await store.rotate(presentation('forged', 'x', NOW + 2, { sid: 'd' }))
      assert.deepEqual(sids(await store.revokedSince(NOW)), ['b', 'c', 'd'])
      assert.deepEqual(sids(await store.revokedSince(NOW + 3)), [])
    }
  }
]
