import { setTimeout as delay } from 'node:timers/promises'
import t from 'tap'
import { postgresClient } from '../../../plugin/stores/sql/postgres-client.ts'
import { poolFor, postgresIsAt, queriesOf } from '../../fixtures/stores/open-postgres.ts'
import { postgresProgram, startPostgres } from '../../fixtures/servers/postgres.ts'
import { skipUnless } from '../../fixtures/servers/programs.ts'

t.test('PostgreSQL', { skip: skipUnless(postgresProgram, 'postgres') }, async t => {
  const { url } = await startPostgres(t, { fsync: 'off' })
  postgresIsAt(url)

  t.test('a parameter that is named twice has one number, and a cast is no parameter', async t => {
    const run = postgresClient(poolFor(t), 'named_')
    const { rows, rowCount } = await run({
      verb: 'a',
      text: 'SELECT CAST(:a AS text) AS a, CAST(:b AS bigint) AS b, CAST(:a AS text) AS c',
      parameters: { a: 'x', b: null }
    })
    t.same(rows, [{ a: 'x', b: null, c: 'x' }])
    t.equal(rowCount, 1)
  })

  t.test('a NUL in a parameter is replaced by U+FFFD', async t => {
    const run = postgresClient(poolFor(t), 'nul_')
    t.same(
      (await run({ verb: 'a', text: 'SELECT CAST(:a AS text) AS a', parameters: { a: '\0a\0' } }))
        .rows,
      [{ a: '\ufffda\ufffd' }]
    )
  })

  t.test('a table that is missing is an error that says what to do', async t => {
    const run = postgresClient(poolFor(t), 'none_')
    await t.rejects(run({ verb: 'a', text: 'SELECT 1 FROM none_sessions', parameters: {} }), {
      message:
        'relation "none_sessions" does not exist. Call the store\'s migrate() before the app ' +
        'starts, or create its tables.',
      cause: { code: '42P01' }
    })
  })

  t.test('a query times out after 700 ms or its timeout, and its connection closes', async t => {
    const pool = poolFor(t, { max: 1 })
    const run = postgresClient(pool, 'slow_')
    for (const [timeoutMs, atLeast] of [[undefined, 690], [50, 40]] as const) {
      const startedAt = performance.now()
      await t.rejects(
        run({
          verb: 'a',
          text: 'SELECT pg_sleep(3)',
          parameters: {},
          ...(timeoutMs && { timeoutMs })
        }),
        { message: 'Query read timeout' }
      )
      const took = performance.now() - startedAt
      t.ok(took >= atLeast && took < atLeast + 500, `${took} ms`)
      t.equal(pool.totalCount, 0)
    }
    t.equal(
      (await run({ verb: 'b', text: 'SELECT pg_sleep(0.8)', parameters: {}, timeoutMs: 5000 }))
        .rowCount,
      1
    )
  })

  t.test('connections that the server closes do not crash the process', async t => {
    const pool = poolFor(t)
    const run = postgresClient(pool, 'ended_')
    const ask = () => run({ verb: 'a', text: 'SELECT pg_sleep(0.05)', parameters: {} })
    await Promise.all(Array.from({ length: 5 }, ask))
    t.ok(pool.idleCount > 1)
    await poolFor(t).query(
      'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() ' +
        "AND backend_type = 'client backend'"
    )
    while (pool.totalCount > 0) await delay(5)
    t.equal((await ask()).rowCount, 1, 'and the next query has a new one')
  })

  t.test('a pool has one error listener, even with two clients', async t => {
    const pool = poolFor(t)
    pool.on('error', () => {})
    postgresClient(pool, 'a_')
    t.equal(pool.listenerCount('error'), 1)
    const other = poolFor(t)
    postgresClient(other, 'a_')
    postgresClient(other, 'b_')
    t.equal(other.listenerCount('error'), 1)
  })

  t.test('retries are bounded, and only for serialization failures and deadlocks', async t => {
    for (const [code, failures, calls] of [
      ['40001', 4, 5],
      ['40P01', 1, 2],
      ['53200', 1, 1],
      ['40001', Infinity, undefined]
    ] as const) {
      let called = 0
      const run = postgresClient(queriesOf(poolFor(t), query => {
        if (called++ < failures) throw Object.assign(new Error('no'), { code })
        return query
      }), 'again_')
      const result = run({ verb: 'a', text: 'SELECT 1', parameters: {} })
      if (calls !== undefined && failures < calls) t.match(await result, { rowCount: 1 })
      else await t.rejects(result, { code })
      if (calls !== undefined) t.equal(called, calls, code)
    }
  })
})
