import pg from 'pg'
import t, { type Test } from 'tap'
import { postgresStore } from '../../../plugin/stores/postgres.ts'
import { postgresProgram, startPostgres } from '../../fixtures/servers/postgres.ts'
import { skipUnless } from '../../fixtures/servers/programs.ts'
import { poolFor, postgresIsAt } from '../../fixtures/stores/open-postgres.ts'
import { VERIFIES, startApp } from '../../fixtures/stores/started.ts'

const FSYNC = 'fastify-simplejwt: A crash of the machine can undo logouts, since "fsync" is off. ' +
  'Set "fsync = on".'
const COMMIT = 'fastify-simplejwt: A crash of PostgreSQL can undo logouts, since ' +
  '"synchronous_commit" is off for this role. Set "synchronous_commit = on".'
const UNLOGGED = 'fastify-simplejwt: A crash of PostgreSQL empties the table simplejwt_sessions, ' +
  'since it is UNLOGGED. Run "ALTER TABLE simplejwt_sessions SET LOGGED".'

t.test('PostgreSQL', { skip: skipUnless(postgresProgram, 'postgres') }, async t => {
  const { url } = await startPostgres(t)
  postgresIsAt(url)
  const admin = poolFor(t)
  await postgresStore(admin).migrate?.()
  await admin.query('CREATE ROLE app LOGIN')
  const poolOf = (t: Test, config: pg.PoolConfig = {}): pg.Pool =>
    poolFor(t, { connectionString: url.replace('postgres@', 'app@'), ...config })
  const grant = async (rights: string): Promise<void> => {
    await admin.query('REVOKE ALL ON ALL TABLES IN SCHEMA public FROM app')
    await admin.query(rights)
  }
  const everything = () => grant('GRANT SELECT, INSERT, UPDATE, DELETE ON simplejwt_sessions, ' +
    'simplejwt_counters TO app')

  t.test('a role that may not write stops the start, except of an app that verifies', async t => {
    const pool = poolOf(t)
    await grant('GRANT SELECT ON simplejwt_sessions TO app')
    await startApp(t, postgresStore(pool), VERIFIES)
    for (const [sessions, counters, table] of [
      ['SELECT', 'SELECT', 'simplejwt_sessions'],
      ['SELECT, UPDATE, DELETE', 'ALL', 'simplejwt_sessions'],
      ['SELECT, INSERT, DELETE', 'ALL', 'simplejwt_sessions'],
      ['SELECT, INSERT, UPDATE', 'ALL', 'simplejwt_sessions'],
      ['ALL', 'SELECT', 'simplejwt_counters']
    ]) {
      await grant(`GRANT ${sessions} ON simplejwt_sessions TO app`)
      await admin.query(`GRANT ${counters} ON simplejwt_counters TO app`)
      await t.rejects(startApp(t, postgresStore(pool)), {
        message: 'fastify-simplejwt: the session store cannot be used. permission denied for ' +
          `table ${table}`
      }, `${sessions}; ${counters}`)
    }
    await everything()
    t.strictSame((await startApp(t, postgresStore(pool))).warnings, [])
  })

  t.test('a read-only database stops the start, except of an app that verifies', async t => {
    await everything()
    const store = postgresStore(poolOf(t, { options: '-c default_transaction_read_only=on' }))
    const message = /cannot execute \w+ in a read-only transaction/
    await t.rejects(startApp(t, store), { message })
    await startApp(t, store, VERIFIES)
  })

  t.test('check: writes nothing', async t => {
    await everything()
    const pool = poolOf(t, { max: 1 })
    const store = postgresStore(pool)
    await store.check?.()
    await pool.query('BEGIN')
    await store.check?.()
    const { rows } = await pool.query('SELECT pg_current_xact_id_if_assigned() AS id')
    await pool.query('COMMIT')
    t.same(rows, [{ id: null }], 'no row was changed, so the transaction has no id')
  })

  t.test('a column of the host changes nothing', async t => {
    await everything()
    await admin.query('ALTER TABLE simplejwt_sessions ADD COLUMN host text NOT NULL ' +
      'GENERATED ALWAYS AS (lower(user_id)) STORED')
    t.strictSame((await startApp(t, postgresStore(poolOf(t)))).warnings, [])
    await admin.query('ALTER TABLE simplejwt_sessions DROP COLUMN host')
  })

  t.test('settings that can undo a logout are warnings at the start', async t => {
    await everything()
    for (const [commit, warnings] of [
      ['off', [COMMIT]], ['on', []], ['local', []], ['remote_write', []], ['remote_apply', []]
    ] as const) {
      await admin.query(`ALTER ROLE app SET synchronous_commit = ${commit}`)
      t.strictSame((await startApp(t, postgresStore(poolOf(t)))).warnings, warnings, commit)
    }
    await admin.query('ALTER TABLE simplejwt_sessions SET UNLOGGED')
    t.strictSame((await startApp(t, postgresStore(poolOf(t)))).warnings, [UNLOGGED])
    await admin.query('ALTER TABLE simplejwt_sessions SET LOGGED')
    await admin.query('ALTER SYSTEM SET fsync = off')
    await admin.query('SELECT pg_reload_conf()')
    const isOff = async () => (await admin.query('SHOW fsync')).rows[0].fsync === 'off'
    while (!await isOff());
    t.strictSame((await startApp(t, postgresStore(poolOf(t)))).warnings, [FSYNC])
  })
})
