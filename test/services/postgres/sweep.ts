import t from 'tap'
import { NOW } from '../../../plugin/store-contract/case.ts'
import type { PostgresQuery } from '../../../plugin/stores/sql/postgres-client.ts'
import { postgresStore } from '../../../plugin/stores/postgres.ts'
import { postgresProgram, startPostgres } from '../../fixtures/servers/postgres.ts'
import { skipUnless } from '../../fixtures/servers/programs.ts'
import { poolFor, postgresIsAt, queriesOf } from '../../fixtures/stores/open-postgres.ts'

const COUNT = 40_000

t.test('PostgreSQL', { skip: skipUnless(postgresProgram, 'postgres') }, async t => {
  const { url } = await startPostgres(t, { fsync: 'off' })
  postgresIsAt(url)
  const pool = poolFor(t)
  const queries: PostgresQuery[] = []
  const store = postgresStore(queriesOf(pool, query => {
    queries.push(query)
    return query
  }), { prefix: 'large_' })
  await store.migrate?.()

  /** Inserts sessions of which every second one is over at NOW. */
  const fill = (name: string) => pool.query(
    `INSERT INTO large_sessions SELECT '${name}' || n, 'u' || n, 't0', null, 1, null, ${NOW} + n % 2 * 60000, 1, ${NOW} + n % 2 * 60000, null, null, null, null, 0 FROM generate_series(1, ${COUNT}) AS n`
  )
  const pages = async (): Promise<number> => Number((await pool.query(
    "SELECT pg_relation_size('large_sessions') / 8192 AS pages")).rows[0].pages)
  const sweeps = (): PostgresQuery[] => queries.filter(({ name }) => name === 'large_sweep')

  t.test('sweep: reads each page of a large table once', async t => {
    await fill('a')
    t.equal(await store.sweep(NOW + 30_000), COUNT / 2)
    t.ok(sweeps().length > 1)
    t.equal(sweeps().length, Math.ceil(await pages() / 200))
    t.equal((await pool.query('SELECT FROM large_sessions')).rowCount, COUNT / 2)
  })

  t.test('sweep: a statement reads only its pages', async t => {
    const [first] = sweeps() as [PostgresQuery]
    const { rows } = await pool.query(`EXPLAIN ${first.text}`, first.values as string[])
    t.match(JSON.stringify(rows), /Tid Range Scan on large_sessions/)
  })

  t.test('sweep: an empty table needs no statement', async t => {
    await pool.query('TRUNCATE large_sessions')
    const before = sweeps().length
    t.equal(await store.sweep(NOW + 30_000), 0)
    t.equal(sweeps().length, before)
  })
})
