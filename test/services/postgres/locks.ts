import { setTimeout as delay } from 'node:timers/promises'
import pg from 'pg'
import t from 'tap'
import {
  ACCESS_LIFETIME, HOUR, NOW, SECOND, presentation, session
} from '../../../plugin/store-contract/case.ts'
import { postgresStore } from '../../../plugin/stores/postgres.ts'
import { poolFor, postgresIsAt, queriesOf } from '../../fixtures/stores/open-postgres.ts'
import { postgresProgram, startPostgres } from '../../fixtures/servers/postgres.ts'
import { skipUnless } from '../../fixtures/servers/programs.ts'

const HOUR_OFF = [
  ["+ interval '1 hour'", 'an hour ahead'],
  ["- interval '1 hour'", 'an hour behind']
] as const

/** A rotation that is given up before the store gives its query up, as the app's are. */
const soon = (presented: string, next: string, patience = 600) =>
  presentation(presented, next, NOW, { deadline: Date.now() + patience })

t.test('PostgreSQL', { skip: skipUnless(postgresProgram, 'postgres') }, async t => {
  const { url } = await startPostgres(t, { fsync: 'off' })
  postgresIsAt(url)

  /**
   * A store with one session, on a server whose clock is off as `clock` says when the test begins.
   */
  async function build (
    t: { after(close: () => unknown): void }, prefix: string, clock = { off: '' }
  ) {
    const pool = poolFor(t)
    const store = postgresStore(queriesOf(pool, query => ({
      ...query,
      ...(query.name && { name: query.name + clock.off }),
      text: query.text.replaceAll('clock_timestamp()', `(clock_timestamp() ${clock.off})`)
    })), { prefix })
    await store.migrate?.()
    await store.create(session())
    return { pool, store }
  }

  /**
   * A transaction of somebody else that holds the session's row, and has changed it if `change` is
   * given.
   */
  async function lockRow (pool: pg.Pool, prefix: string, change?: string) {
    const client = await pool.connect()
    await client.query('BEGIN')
    await client.query(`SELECT sid FROM ${prefix}sessions WHERE sid = 's' FOR UPDATE`)
    if (change !== undefined) {
      await client.query(`UPDATE ${prefix}sessions SET ${change} WHERE sid = 's'`)
    }
    return async (end: 'COMMIT' | 'ROLLBACK') => {
      await client.query(end)
      client.release()
    }
  }

  /**
   * Waits until no statement is under way on the server, those included whose connections were
   * closed.
   */
  async function untilIdle (pool: pg.Pool): Promise<void> {
    const busy =
      "SELECT pid FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> " +
      "pg_backend_pid() AND state <> 'idle'"
    while ((await pool.query(busy)).rows.length > 0) await delay(10)
  }

  t.test('sweep: a machine whose clock is ahead deletes no row too early', async t => {
    const { store } = await build(t, 'ahead_', { off: "- interval '1 hour'" })
    await store.revoke('s', NOW)
    const deadFrom = NOW + ACCESS_LIFETIME
    t.equal(await store.sweep(deadFrom + HOUR - SECOND), 0)
    t.equal(await store.sweep(deadFrom + HOUR + SECOND), 1)
  })

  const ENDS = [
    ['COMMIT', undefined],
    ['ROLLBACK', undefined],
    ['COMMIT', 'address = address'],
    ['ROLLBACK', 'address = null']
  ] as const
  for (const [index, [end, change]] of ENDS.entries()) {
    t.test(`late rotate writes nothing (${change ? 'changed' : 'locked'} row, ${end})`, async t => {
      const prefix = `lock${index}_`
      const { pool, store } = await build(t, prefix)
      await store.rotate(presentation('t0', 't1'))
      const before = await store.find('s')
      const unlock = await lockRow(pool, prefix, change)
      const startedAt = performance.now()
      await t.rejects(store.rotate(soon('t1', 'late')))
      const took = performance.now() - startedAt
      t.ok(took > 650 && took < 1000, `rejected after ${took} ms`)
      await unlock(end)
      await untilIdle(pool)
      t.same(await store.find('s'), before)
      t.match(
        await store.rotate(presentation('t1', 't2')),
        { outcome: 'rotated' },
        'the token is still good'
      )
    })
  }

  t.test('reuse that is found too late ends nothing', async t => {
    const { pool, store } = await build(t, 'reuse_')
    const unlock = await lockRow(pool, 'reuse_')
    await t.rejects(store.rotate(soon('forged', 'late')))
    await unlock('COMMIT')
    await untilIdle(pool)
    t.same(await store.find('s'), session())
  })

  t.test('a rotation whose row is let go of in time takes place', async t => {
    for (const [index, [end, change]] of ENDS.entries()) {
      const prefix = `intime${index}_`
      const { pool, store } = await build(t, prefix)
      const unlock = await lockRow(pool, prefix, change)
      const rotation = store.rotate(soon('t0', 't1'))
      await delay(100)
      await unlock(end)
      t.match(await rotation, { outcome: 'rotated', session: { jti: 't1' } })
    }
  })

  t.test('revoke and revokeUser: reject in time on a locked row, and write nothing', async t => {
    const { pool, store } = await build(t, 'ends_')
    const unlock = await lockRow(pool, 'ends_')
    const startedAt = performance.now()
    const deadline = Date.now() + 600
    await Promise.all([
      t.rejects(async () => {
        await store.revoke('s', NOW, deadline)
      }),
      t.rejects(async () => {
        await store.revokeUser('7', NOW, '', deadline)
      })
    ])
    t.ok(performance.now() - startedAt < 1000)
    t.same(await store.find('s'), session(), 'and a reader need not wait')
    await unlock('ROLLBACK')
    await untilIdle(pool)
    t.same(await store.find('s'), session())
  })

  t.test('revokeUser: revokes all sessions while another client revokes one of them', async t => {
    const { pool, store } = await build(t, 'many_')
    await pool.query(
      "INSERT INTO many_sessions SELECT 's' || n, user_id, jti, null, issued_at, null, " +
        'expires_at, created_at, ends_at FROM many_sessions, generate_series(1, 2500) AS n'
    )
    const unlock = await lockRow(pool, 'many_', `revoked_at = ${NOW}`)
    const ended = store.revokeUser('7', NOW)
    await delay(100)
    await unlock('COMMIT')
    t.equal((await ended).length, 2500)
    t.same(await store.list('7', NOW), [])
  })

  for (const [off, what] of HOUR_OFF) {
    t.test(`rotate: keeps its deadline when the server clock is ${what}`, async t => {
      const prefix = `${what.replaceAll(' ', '_')}_`
      const { pool, store } = await build(t, prefix, { off })
      t.match(await store.rotate(soon('t0', 't1')), { outcome: 'rotated' })
      const unlock = await lockRow(pool, prefix)
      await t.rejects(store.rotate(soon('t1', 'late')))
      await unlock('COMMIT')
      await untilIdle(pool)
      t.match(await store.find('s'), { jti: 't1', revokedAt: null })
    })
  }

  t.test('a clock that jumps ahead is measured again, and the rotation takes place', async t => {
    const clock = { off: '' }
    const { store } = await build(t, 'jump_', clock)
    t.match(await store.rotate(soon('t0', 't1')), { outcome: 'rotated' })
    clock.off = HOUR_OFF[0][0]
    t.match(await store.rotate(soon('t1', 't2')), { outcome: 'rotated', session: { jti: 't2' } })
  })
})
