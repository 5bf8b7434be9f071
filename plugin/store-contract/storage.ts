import assert from 'node:assert/strict'
import {
  ACCESS_LIFETIME, type ContractCase, HOUR, NOW, SECOND, presentation, session
} from './case.ts'

/** Cases of stored, adopted and deleted sessions. */
export const keeping: ContractCase[] = [
  {
    name: 'check: returns texts and leaves no trace',
    async run (store) {
      const warnings = await store.check?.() ?? []
      assert.deepEqual(warnings.filter(warning => typeof warning !== 'string'), [])
      assert.deepEqual(await store.revokedSince(0), [])
      assert.equal(await store.sweep(NOW + 9000 * HOUR), 0)
    }
  },
  {
    name: 'create: find returns the stored session, or null for an unknown id',
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
    name: 'create: copies the session, so changes by the caller have no effect',
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
    name: 'create: keeps any text unchanged',
    async run (store) {
      const odd = session({
        sid: "'; DROP TABLE sessions; --",
        userId: '{"$ne":null}',
        userAgent: '\u{1F600} \'"\\\n%s :s ?1 $1',
        address: '::1%eth0',
        clientId: '\u{1F600} \'"\\\n%s :s ?1 $1 ',
        scope: '  zo\u00eb:read \u{1F600} \'"\\\t\n%s :s ?1 $1 '
      })
      await store.create(odd)
      assert.deepEqual(await store.find(odd.sid), odd)
      assert.deepEqual(await store.list(odd.userId, NOW), [odd])
    }
  },
  {
    name: 'create: distinguishes ids by case, spaces and Unicode form',
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
        'a jti is case-sensitive too'
      )
    }
  },
  {
    name: 'find: malformed ids are unknown, not an error',
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
    name: 'adopt: creates a session at most once',
    async run (store) {
      const adopted = session({ adoptedUntil: NOW + 48 * HOUR })
      await Promise.all(Array.from({ length: 20 }, () => store.adopt(adopted)))
      assert.deepEqual(await store.find('s'), adopted)
      await store.rotate(presentation('t0', 't1'))
      await store.adopt(adopted)
      assert.equal((await store.find('s'))?.jti, 't1', 'keeps a live session unchanged')
      await store.revoke('s', NOW)
      await store.adopt(adopted)
      assert.equal(
        (await store.find('s'))?.revokedAt, NOW, 'keeps a revoked session revoked'
      )
    }
  },
  {
    name: 'sweep: deletes revoked and expired sessions after their last access token has expired',
    async run (store) {
      const expiry = NOW + ACCESS_LIFETIME
      // A store on another machine converts the times to its own clock, some milliseconds off.
      await store.create(session({ sid: 'expired', expiresAt: NOW }))
      await store.create(session({ sid: 'over', expiresAt: expiry, endsAt: expiry }))
      await store.create(session({ sid: 'revoked' }))
      await store.create(session({ sid: 'long', accessLifetime: HOUR }))
      await store.create(session({ sid: 'live' }))
      await store.revoke('revoked', NOW)
      await store.revoke('long', NOW)
      assert.equal(await store.sweep(expiry - SECOND), 0, 'keeps a session until then')
      assert.equal(await store.sweep(expiry + SECOND), 3)
      assert.equal(await store.sweep(expiry + SECOND), 0)
      assert.equal(
        await store.sweep(NOW + HOUR - SECOND), 0, 'goes by the lifetime in the row'
      )
      assert.deepEqual((await store.revokedSince(0)).map(({ sid }) => sid), ['long'])
      assert.equal(await store.sweep(NOW + HOUR + SECOND), 1)
      for (const sid of ['expired', 'over', 'revoked']) {
        assert.equal(await store.find(sid), null, sid)
      }
      assert.deepEqual((await store.list('7', NOW)).map(({ sid }) => sid), ['live'])
      assert.deepEqual(await store.revokedSince(0), [])
    }
  },
  {
    name: 'sweep: keeps an adopted session until its first token expires',
    async run (store) {
      const adoptedUntil = NOW + HOUR
      await store.adopt(session({ adoptedUntil }))
      await store.revoke('s', NOW)
      assert.equal(await store.sweep(adoptedUntil - SECOND), 0)
      assert.equal(await store.sweep(adoptedUntil + SECOND), 1)
    }
  },
  {
    name: 'rotate: keeps one row for each session',
    async run (store) {
      await store.create(session())
      for (let index = 0; index < 1000; index++) {
        await store.rotate(presentation(`t${index}`, `t${index + 1}`))
      }
      assert.equal((await store.list('7', NOW)).length, 1)
      await store.revoke('s', NOW)
      assert.equal(await store.sweep(NOW + ACCESS_LIFETIME + SECOND), 1)
    }
  }
]
