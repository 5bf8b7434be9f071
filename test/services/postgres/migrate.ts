import type pg from 'pg'
import t from 'tap'
import { HOUR, NOW, SECOND, presentation, session } from '../../../plugin/store-contract/case.ts'
import { postgresStore } from '../../../plugin/stores/postgres.ts'
import { migratePostgres } from '../../../plugin/stores/sql/migrate-postgres.ts'
import { forkLean } from '../../fixtures/servers/lean-children.ts'
import { liveMigration } from '../../fixtures/stores/live-migration.ts'
import {
  OLDER_VERSIONS, type OlderWorker, firstWorker, textBefore, workerBefore
} from '../../fixtures/stores/older-worker.ts'
import { OLD_TABLES, oldInsert, oldRevoke, oldRotate } from '../../fixtures/stores/old-tables.ts'
import openStore, { poolFor, postgresIsAt, queriesOf } from '../../fixtures/stores/open-postgres.ts'
import { postgresProgram, startPostgres } from '../../fixtures/servers/postgres.ts'
import { skipUnless } from '../../fixtures/servers/programs.ts'

forkLean()
const DAY = 24 * HOUR

const WORKERS: Record<
  typeof OLDER_VERSIONS[number]['version'], (pool: pg.Pool, prefix: string) => OlderWorker
> = {
  first: (pool, prefix) => firstWorker(async sql => (await pool.query(sql)).rows, prefix),
  before: (pool, prefix) => workerBefore(postgresStore(queriesOf(pool, query => ({
    ...query,
    text: textBefore(query.text),
    // The last parameters of an INSERT are those that the version before did not have.
    ...query.text.startsWith('INSERT') && { values: query.values?.slice(0, -2) ?? [] }
  })), { prefix }))
}

t.test('PostgreSQL', { skip: skipUnless(postgresProgram, 'postgres') }, async t => {
  const { url } = await startPostgres(t, { fsync: 'off' })
  postgresIsAt(url)

  t.test('migrate: adds columns under an older worker, which goes on', async t => {
    const pool = poolFor(t)
    await pool.query(OLD_TABLES('old_'))
    const insert = (sid: string) => pool.query(oldInsert('old_', sid, NOW))
    await insert('before')
    const store = postgresStore(poolFor(t), { prefix: 'old_' })
    await Promise.all([store.migrate?.(), store.migrate?.(), store.migrate?.()])
    await insert('after')
    for (const sid of ['before', 'after']) {
      t.match(await store.find(sid), {
        sid, accessLifetime: DAY, rotatedUserAgent: null, rotatedAddress: null
      })
      await pool.query(oldRotate('old_', sid, NOW))
      const { outcome } = await store.rotate(presentation('t0', 't2', NOW + 1, { sid }))
      t.equal(outcome, 'replayed', 'its rotation names no client')
    }
    await pool.query(oldRevoke('old_', 'before', NOW))
    t.equal(await store.sweep(NOW + DAY - SECOND), 0, 'the worker may issue tokens of up to a day')
    t.equal(await store.sweep(NOW + DAY + SECOND), 1)
  })

  for (const { version, tables } of OLDER_VERSIONS) {
    t.test(`migrate: four processes at once, under a worker of the version: ${version}`, async t => {
      const pool = poolFor(t)
      const name = `live_${version}`
      await pool.query(tables(`${name}_`))
      const store = openStore(name)
      t.after(() => store.close?.())
      const module = new URL('../../fixtures/stores/open-postgres.ts', import.meta.url)
      await liveMigration(t, { older: WORKERS[version](pool, `${name}_`), store, module, name })
    })
  }

  t.test('a column that is added or dropped under a worker fails no call of it', async t => {
    const pool = poolFor(t, { max: 10 })
    const store = postgresStore(pool, { prefix: 'live_' })
    await store.migrate?.()
    const sids = Array.from({ length: 10 }, (_, index) => `s${index}`)
    for (const sid of sids) await store.create(session({ sid, userId: sid }))
    /** All verbs of ten sessions at once, on ten connections: each has prepared each statement. */
    const work = async (round: number): Promise<unknown> => Promise.all(sids.map(async sid => {
      const { outcome } = await store.rotate(
        presentation(`t${round}`, `t${round + 1}`, NOW, { sid }))
      t.equal(outcome, 'rotated')
      await Promise.all([
        store.find(sid), store.list(sid, NOW), store.revokedSince(NOW), store.revoke('none', NOW)
      ])
    }))
    for (let round = 0; round < 3; round++) await work(round)
    const admin = poolFor(t)
    await admin.query("ALTER TABLE live_sessions ADD COLUMN note text NOT NULL DEFAULT 'x'")
    await work(3)
    await admin.query('ALTER TABLE live_sessions DROP COLUMN note')
    await work(4)
  })

  t.test('migrate: retries while a transaction holds the table, and blocks it briefly', async t => {
    const pool = poolFor(t)
    await pool.query(OLD_TABLES('held_'))
    await pool.query(oldInsert('held_', 's', NOW))
    const holder = await pool.connect()
    await holder.query('BEGIN')
    await holder.query('SELECT count(*) FROM held_sessions')
    const attempts: string[] = []
    const migrating = migratePostgres(queriesOf(poolFor(t), query => {
      if (query.text.includes('ALTER')) attempts.push(query.text)
      return query
    }), 'held_')
    for (let waits = 0; waits < 100 && attempts.length < 2; waits++) {
      await pool.query('SELECT pg_sleep(0.05)')
    }
    // A reader would otherwise wait behind the migration, and that for the holder.
    if (t.ok(attempts.length >= 2, 'the first attempt gives the lock up')) {
      const startedAt = performance.now()
      await pool.query("SELECT jti FROM held_sessions WHERE sid = 's'")
      t.ok(performance.now() - startedAt < 600, 'readers do not wait for the migration')
    }
    await holder.query('COMMIT')
    holder.release()
    await migrating
    t.match(await postgresStore(pool, { prefix: 'held_' }).find('s'), { accessLifetime: DAY })
  })

  t.test('migrate: passes on an error that no retry mends', async t => {
    const pool = poolFor(t)
    await t.rejects(migratePostgres(pool, 'no_such_schema.x_'), { code: '3F000' })
  })
})
