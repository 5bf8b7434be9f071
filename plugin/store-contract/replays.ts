import assert from 'node:assert/strict'
import {
  CLIENT, type ContractCase, NOW, REUSE_INTERVAL, SECOND, presentation, session
} from './case.ts'

/** Cases of spent tokens within the reuse interval, and of the client that presents them. */
export const replays: ContractCase[] = [
  {
    name: 'rotate: replays the same successor for a spent token within the reuse interval',
    async run (store) {
      await store.create(session())
      const { session: rotated } = await store.rotate(presentation('t0', 't1'))
      for (const later of [0, 1, REUSE_INTERVAL - 1]) {
        assert.deepEqual(
          await store.rotate(presentation('t0', 'other', NOW + later)),
          { outcome: 'replayed', session: rotated },
          `after ${later} ms`
        )
      }
      assert.deepEqual(await store.find('s'), rotated, 'a replay changes nothing')
      const { outcome } = await store.rotate(presentation('t0', 'other', NOW + REUSE_INTERVAL))
      assert.equal(outcome, 'reused')
    }
  },
  {
    name: 'rotate: a clock that was set back stretches the reuse interval at most to its double',
    async run (store) {
      for (const [sid, now, expected] of [
        ['a', NOW - REUSE_INTERVAL + 1, 'replayed'],
        ['b', NOW - REUSE_INTERVAL, 'reused']
      ] as const) {
        await store.create(session({ sid }))
        await store.rotate(presentation('t0', 't1', NOW, { sid }))
        const { outcome } = await store.rotate(presentation('t0', 'other', now, { sid }))
        assert.equal(outcome, expected, sid)
      }
    }
  },
  {
    name: 'rotate: replays only to the user agent of the rotation, else revokes for reuse',
    async run (store) {
      const other = { ...CLIENT, userAgent: 'thief/1' }
      for (const [sid, first, second, expected] of [
        ['same', CLIENT, CLIENT, 'replayed'],
        ['other', CLIENT, other, 'reused'],
        ['none', CLIENT, { ...CLIENT, userAgent: '' }, 'reused'],
        ['none before', { ...CLIENT, userAgent: '' }, CLIENT, 'reused'],
        ['unknown', CLIENT, { ...CLIENT, userAgent: null }, 'replayed'],
        ['unknown before', { ...CLIENT, userAgent: null }, other, 'replayed'],
        ['other address', CLIENT, { ...CLIENT, address: '198.51.100.1' }, 'replayed']
      ] as const) {
        await store.create(session({ sid, userAgent: 'login/1' }))
        await store.rotate(presentation('t0', 't1', NOW, { sid, client: first }))
        const { outcome, session: row } = await store.rotate(
          presentation('t0', 'x', NOW + 1, { sid, client: second }))
        assert.equal(outcome, expected, sid)
        assert.equal(row?.jti, 't1', sid)
        assert.equal(row?.revokedAt, expected === 'reused' ? NOW + 1 : null, sid)
        assert.equal(row?.rotatedUserAgent, first.userAgent, `${sid}: as of the rotation`)
      }
    }
  },
  {
    name: 'rotate: replays only to the address of the rotation with sameAddress',
    async run (store) {
      const elsewhere = { ...CLIENT, address: '198.51.100.1' }
      for (const [sid, client, sameAddress, expected] of [
        ['same', CLIENT, true, 'replayed'],
        ['elsewhere', elsewhere, true, 'reused'],
        ['anywhere', elsewhere, false, 'replayed'],
        ['unknown', { ...CLIENT, address: null }, true, 'replayed']
      ] as const) {
        await store.create(session({ sid, address: 'of the login' }))
        await store.rotate(presentation('t0', 't1', NOW, { sid }))
        const { outcome, session: row } = await store.rotate(
          presentation('t0', 'x', NOW + 1, { sid, client, sameAddress }))
        assert.equal(outcome, expected, sid)
        assert.equal(row?.rotatedAddress, CLIENT.address, `${sid}: as of the rotation`)
      }
    }
  },
  {
    name: 'rotate: keeps the client of the last rotation, also an unknown one',
    async run (store) {
      await store.create(session())
      let jti = 't0'
      for (const client of [
        CLIENT,
        { userAgent: 'Zo\u00eb \u{1F600} \'"\\\n%s :s ?1 $1', address: '2001:db8:1:2::' },
        { userAgent: '', address: null },
        { userAgent: null, address: '192.0.2.9' },
        CLIENT
      ]) {
        const next = `${jti}+`
        const { session: row } = await store.rotate(presentation(jti, next, NOW, { client }))
        const expected = [client.userAgent, client.address]
        assert.deepEqual([row?.rotatedUserAgent, row?.rotatedAddress], expected)
        const found = await store.find('s')
        assert.deepEqual([found?.rotatedUserAgent, found?.rotatedAddress], expected)
        jti = next
      }
    }
  },
  {
    name: 'rotate: detects reuse of a spent token at once with a reuse interval of 0',
    async run (store) {
      await store.create(session())
      await store.rotate(presentation('t0', 't1'))
      const { outcome } = await store.rotate(presentation('t0', 't2', NOW, { reuseInterval: 0 }))
      assert.equal(outcome, 'reused')
    }
  },
  {
    name: 'rotate: replays nothing of a revoked or expired session',
    async run (store) {
      await store.create(session({ endsAt: NOW + SECOND }))
      await store.rotate(presentation('t0', 't1'))
      assert.equal((await store.rotate(presentation('t0', 't2', NOW + SECOND))).outcome, 'ended')
      await store.create(session({ sid: 'revoked' }))
      await store.rotate(presentation('t0', 't1', NOW, { sid: 'revoked' }))
      await store.revoke('revoked', NOW)
      assert.equal(
        (await store.rotate(presentation('t0', 't2', NOW, { sid: 'revoked' }))).outcome, 'ended'
      )
    }
  }
]
