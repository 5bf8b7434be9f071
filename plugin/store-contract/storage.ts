import assert from 'node:assert/strict'
import { type ContractCase, HOUR, NOW, presentation, session } from './case.ts'

/** What is kept, and for how long. */
export const keeping: ContractCase[] = [
  {
    name: 'create: a session is found as it was stored, and an unknown one is null',
    async run (store) {
      await store.create(session())
      await store.create(
        session({ sid: 'bare', userAgent: null, address: null, adoptedUntil: NOW + HOUR })
      )
      assert.deepEqual(await store.find('s'), session())
      assert.deepEqual(
        await store.find('bare'),
        session({ sid: 'bare', userAgent: null, address: null, adoptedUntil: NOW + HOUR })
      )
      assert.equal(await store.find('unknown'), null)
    }
  },
  {
    name: 'create: what was stored changes by the verbs alone',
    async run (store) {
      const given = session()
      await store.create(given)
      given.jti = 'changed by the caller'
      const found = await store.find('s')
      assert.notEqual(found, null)
      Object.assign(found as object, { jti: 'changed by a reader' })
      assert.deepEqual(await store.find('s'), session())
    }
  },
  {
    name: 'create: text of any kind comes back as it was',
    async run (store) {
      const odd = session({
        sid: "'; DROP TABLE sessions; --",
        userId: '{"$ne":null}',
        userAgent: '\u{1F600} \'"\\\n%s :s ?1 $1',
        address: '::1%eth0'
      })
      await store.create(odd)
      assert.deepEqual(await store.find(odd.sid), odd)
      assert.deepEqual(await store.list(odd.userId, NOW), [odd])
    }
  },
  {
    name: 'create: ids that differ by case, by a space or by their Unicode form are different ids',
    async run (store) {
      const ids = ['ann', 'Ann', 'ann ', ' ann', 'ann\u0301', '\u00e5', 'a\u030a', 'x'.repeat(255)]
      for (const id of ids) {
        await store.create(session({ sid: id, userId: id, userAgent: 'y'.repeat(256) }))
      }
      for (const id of ids) {
        assert.equal((await store.find(id))?.userId, id)
        assert.deepEqual((await store.list(id, NOW)).map(({ sid }) => sid), [id])
      }
      assert.deepEqual(await store.revokeUser('ann', NOW), ['ann'])
      assert.equal(
        (await store.rotate(presentation('t0', 't1', NOW, { sid: 'Ann' }))).outcome, 'rotated'
      )
      assert.equal(
        (await store.rotate(presentation('T0', 't1', NOW, { sid: 'ann ' }))).outcome,
        'reused',
        'and so for a jti'
      )
    }
  },
  {
    name: 'find: an id that nothing can have is unknown, and no fault',
    async run (store) {
      for (const id of ['', '\0', 's\0', '\ud800', 'x'.repeat(10_000)]) {
        assert.equal(await store.find(id), null)
        assert.equal(await store.revoke(id, NOW), false)
        assert.equal(
          (await store.rotate(presentation('t0', 't1', NOW, { sid: id }))).outcome, 'ended'
        )
        assert.deepEqual(await store.revokeUser(id, NOW), [])
        assert.deepEqual(await store.list(id, NOW), [])
      }
    }
  },
  {
    name: 'adopt: creates the session once only',
    async run (store) {
      const adopted = session({ adoptedUntil: NOW + 48 * HOUR })
      await Promise.all(Array.from({ length: 20 }, () => store.adopt(adopted)))
      assert.deepEqual(await store.find('s'), adopted)
      await store.rotate(presentation('t0', 't1'))
      await store.adopt(adopted)
      assert.equal((await store.find('s'))?.jti, 't1', 'a session that goes on is left as it is')
      await store.revoke('s', NOW)
      await store.adopt(adopted)
      assert.equal(
        (await store.find('s'))?.revokedAt, NOW, 'one that has ended is not brought back'
      )
    }
  },
  {
    name: 'sweep: deletes the sessions that are over, and no other',
    async run (store) {
      await store.create(session({ sid: 'expired', expiresAt: NOW }))
      await store.create(session({ sid: 'over', expiresAt: NOW, endsAt: NOW }))
      await store.create(session({ sid: 'revoked' }))
      await store.create(session({ sid: 'live' }))
      await store.revoke('revoked', NOW)
      assert.equal(await store.sweep(NOW), 0, 'not yet at the very time')
      assert.equal(await store.sweep(NOW + 1), 3)
      assert.equal(await store.sweep(NOW + 1), 0)
      for (const sid of ['expired', 'over', 'revoked']) {
        assert.equal(await store.find(sid), null, sid)
      }
      assert.deepEqual((await store.list('7', NOW)).map(({ sid }) => sid), ['live'])
      assert.deepEqual(await store.revokedSince(0), [])
    }
  },
  {
    name:
      'sweep: keeps an adopted session until its first token has expired, so that it is adopted ' +
      'once only',
    async run (store) {
      const adoptedUntil = NOW + HOUR
      await store.adopt(session({ adoptedUntil }))
      await store.revoke('s', NOW)
      assert.equal(await store.sweep(adoptedUntil), 0)
      assert.equal(await store.sweep(adoptedUntil + 1), 1)
    }
  },
  {
    name: 'refreshing for ever leaves one row',
    async run (store) {
      await store.create(session())
      for (let index = 0; index < 1000; index++) {
        await store.rotate(presentation(`t${index}`, `t${index + 1}`))
      }
      assert.equal((await store.list('7', NOW)).length, 1)
      await store.revoke('s', NOW)
      assert.equal(await store.sweep(NOW + 1), 1)
    }
  }
]
