import assert from 'node:assert/strict'
import { type ContractCase, HOUR, NOW, SECOND, presentation, session } from './case.ts'

const MINUTE = 60 * SECOND
const MONTH = 720 * HOUR

/**
 * Cases of sessions that are granted to OAuth clients. The first token of such a session is an
 * authorization code: it lives briefly, and its rotation is the exchange of the code.
 */
export const grants: ContractCase[] = [
  {
    name: 'create and adopt: keep the client and the scope of a session, or null',
    async run (store) {
      for (const [verb, clientId, scope] of [
        ['create', 'photo-printer', 'photos:read albums:read'],
        ['create', null, null],
        ['adopt', 'night.report_2', 'reports:write'],
        ['adopt', null, null]
      ] as const) {
        const sid = `${verb} ${clientId}`
        const given = session({ sid, userId: sid, clientId, scope })
        await store[verb](given)
        assert.deepEqual(await store.find(sid), given)
        assert.deepEqual(await store.list(sid, NOW), [given])
      }
    }
  },
  {
    name: 'rotate: keeps the client and the scope of a session with each outcome',
    async run (store) {
      for (const [sid, clientId, scope] of [
        ['granted', 'photo-printer', 'photos:read albums:read'],
        ['own', null, null]
      ] as const) {
        await store.create(session({ sid, userId: sid, clientId, scope }))
        for (const [presented, next, outcome] of [
          ['t0', 't1', 'rotated'],
          ['t0', 'x', 'replayed'],
          ['t1', 't2', 'rotated'],
          ['t0', 'x', 'reused'],
          ['t2', 'x', 'ended']
        ] as const) {
          const [listed] = await store.list(sid, NOW)
          const result = await store.rotate(presentation(presented, next, NOW, { sid }))
          assert.equal(result.outcome, outcome)
          const rows = [result.session, await store.find(sid), ...listed ? [listed] : []]
          for (const row of rows) {
            assert.deepEqual([row?.clientId, row?.scope], [clientId, scope], `${sid}: ${outcome}`)
          }
        }
      }
    }
  },
  {
    name: 'rotate: exchanges a token of a minute for one of a month, and only in that minute',
    async run (store) {
      for (const [sid, later, expected] of [
        ['in time', MINUTE - 1, 'rotated'],
        ['late', MINUTE, 'ended']
      ] as const) {
        await store.create(session({ sid, expiresAt: NOW + MINUTE }))
        const now = NOW + later
        const next = { jti: 't1', issuedAt: now, expiresAt: NOW + MONTH }
        const { outcome, session: row } = await store.rotate(
          presentation('t0', 't1', now, { sid, next, reuseInterval: 0 }))
        assert.equal(outcome, expected, sid)
        assert.equal(row?.expiresAt, expected === 'rotated' ? NOW + MONTH : NOW + MINUTE)
      }
      assert.equal(await store.sweep(NOW + HOUR), 1, 'keeps the session of the month')
      const now = NOW + MONTH - 1
      assert.deepEqual((await store.list('7', now)).map(({ sid }) => sid), ['in time'])
      assert.equal(
        (await store.rotate(presentation('t1', 't2', now, { sid: 'in time' }))).outcome, 'rotated'
      )
    }
  },
  {
    name: 'rotate: revokes for any spent token with a reuse interval of 0, in the call alone',
    async run (store) {
      for (const refreshes of [0, 1, 2]) {
        const sid = `s${refreshes}`
        await store.create(session({ sid }))
        await store.rotate(presentation('t0', 't1', NOW, { sid, reuseInterval: 0 }))
        for (let count = 1; count <= refreshes; count++) {
          const [current, next] = [`t${count}`, `t${count + 1}`]
          await store.rotate(presentation(current, next, NOW, { sid }))
          const { outcome } = await store.rotate(presentation(current, 'x', NOW, { sid }))
          assert.equal(outcome, 'replayed', 'has its own reuse interval')
        }
        const again = await store.rotate(presentation('t0', 'x', NOW, { sid, reuseInterval: 0 }))
        assert.equal(again.outcome, 'reused', sid)
        assert.equal(again.session?.revokedAt, NOW, sid)
        const current = presentation(`t${refreshes + 1}`, 'x', NOW, { sid })
        assert.equal((await store.rotate(current)).outcome, 'ended', sid)
      }
      assert.equal((await store.revokedSince(NOW)).length, 3)
    }
  },
  {
    name: 'revokeUser: revokes a session that was never rotated, with its first token',
    async run (store) {
      await store.create(session({ expiresAt: NOW + MINUTE }))
      assert.deepEqual(await store.revokeUser('7', NOW + 1), ['s'])
      const { outcome } = await store.rotate(presentation('t0', 't1', NOW + 2))
      assert.equal(outcome, 'ended')
      assert.deepEqual((await store.revokedSince(NOW)).map(({ sid }) => sid), ['s'])
    }
  }
]
