import assert from 'node:assert/strict'
import {
  ACCESS_LIFETIME, CLIENT, type ContractCase, HOUR, NOW, SECOND, presentation, session
} from './case.ts'

/** Cases of rotations, one after the other. */
export const rotation: ContractCase[] = [
  {
    name: 'rotate: exchanges the current token for the next',
    async run (store) {
      await store.create(session())
      const now = NOW + HOUR
      const expected = session({
        jti: 't1',
        previousJti: 't0',
        issuedAt: now,
        rotatedAt: now,
        expiresAt: now + 24 * HOUR,
        rotatedUserAgent: CLIENT.userAgent,
        rotatedAddress: CLIENT.address
      })
      assert.deepEqual(await store.rotate(presentation('t0', 't1', now)), {
        outcome: 'rotated',
        session: expected
      })
      assert.deepEqual(await store.find('s'), expected)
    }
  },
  {
    name: 'rotate: caps the expiry of a token at the end of its session',
    async run (store) {
      const endsAt = NOW + 2 * HOUR
      await store.create(session({ endsAt, expiresAt: endsAt }))
      const { session: rotated } = await store.rotate(presentation('t0', 't1', NOW + HOUR))
      assert.equal(rotated?.expiresAt, endsAt)
    }
  },
  {
    name: 'rotate: raises the access lifetime of a session and never lowers it',
    async run (store) {
      await store.create(session())
      let jti = 't0'
      for (const [given, expected] of [
        [ACCESS_LIFETIME - 1, ACCESS_LIFETIME],
        [HOUR, HOUR],
        [ACCESS_LIFETIME, HOUR]
      ] as const) {
        const next = `${jti}+`
        const { session: row } = await store.rotate(
          presentation(jti, next, NOW, { accessLifetime: given }))
        assert.equal(row?.accessLifetime, expected)
        assert.equal((await store.find('s'))?.accessLifetime, expected)
        jti = next
      }
    }
  },
  {
    name: 'rotate: treats a call that a driver sends twice as one rotation',
    async run (store) {
      await store.create(session())
      const call = presentation('t0', 't1', NOW, { reuseInterval: 0 })
      const first = await store.rotate(call)
      assert.equal(first.outcome, 'rotated')
      assert.deepEqual(await store.rotate(call), first)
      assert.equal(
        (await store.rotate(presentation('t1', 't2', NOW, { reuseInterval: 0 }))).outcome,
        'rotated',
        'the session stays live'
      )
    }
  },
  {
    name: 'rotate: revokes the session on reuse in the same step',
    async run (store) {
      await store.create(session())
      await store.rotate(presentation('t0', 't1'))
      const now = NOW + HOUR
      const { outcome, session: ended } = await store.rotate(presentation('t0', 't2', now))
      assert.equal(outcome, 'reused')
      assert.equal(ended?.revokedAt, now)
      assert.equal(
        (await store.rotate(presentation('t1', 't2', now))).outcome,
        'ended',
        'the current token is revoked too'
      )
      assert.deepEqual(await store.revokedSince(now), [
        { sid: 's', revokedAt: now, accessExpiresAt: now + ACCESS_LIFETIME }
      ])
    }
  },
  {
    name: 'rotate: detects reuse of each ancestor after ten rotations in one second',
    async run (store) {
      for (let ancestor = 0; ancestor < 9; ancestor++) {
        const sid = `s${ancestor}`
        await store.create(session({ sid }))
        for (let index = 0; index < 10; index++) {
          const { outcome } = await store.rotate(
            presentation(`t${index}`, `t${index + 1}`, NOW + index * 10, { sid })
          )
          assert.equal(outcome, 'rotated')
        }
        assert.equal(
          (await store.rotate(presentation(`t${ancestor}`, 'x', NOW + SECOND, { sid }))).outcome,
          'reused',
          `ancestor ${ancestor}`
        )
        assert.equal((await store.find(sid))?.revokedAt, NOW + SECOND, 'revokes the session')
      }
    }
  },
  {
    name: 'rotate: reports revoked, expired and unknown sessions as ended',
    async run (store) {
      await store.create(session({ sid: 'expired', expiresAt: NOW }))
      await store.create(session({ sid: 'over', endsAt: NOW }))
      await store.create(session({ sid: 'revoked' }))
      await store.revoke('revoked', NOW)
      for (const sid of ['expired', 'over', 'revoked', 'unknown']) {
        const before = await store.find(sid)
        assert.deepEqual(
          await store.rotate(presentation('t0', 't1', NOW, { sid })),
          { outcome: 'ended', session: before },
          sid
        )
        assert.deepEqual(await store.find(sid), before, `${sid}: nothing changed`)
      }
    }
  },
  {
    name: 'rotate: throws after its deadline and changes nothing',
    async run (store) {
      await store.create(session())
      await assert.rejects(
        store.rotate(presentation('t0', 't1', NOW, { deadline: Date.now() - 60 * SECOND }))
      )
      assert.deepEqual(await store.find('s'), session())
    }
  }
]
