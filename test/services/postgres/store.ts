import t from 'tap'
import { NOW, presentation, session } from '../../../plugin/store-contract/case.ts'
import { storeContract } from '../../../plugin/store-contract.ts'
import { postgresStore } from '../../../plugin/stores/postgres.ts'
import { forkLean } from '../../fixtures/servers/lean-children.ts'
import open, {
  openFresh, poolFor, postgresIsAt, queriesOf
} from '../../fixtures/stores/open-postgres.ts'
import { postgresProgram, startPostgres } from '../../fixtures/servers/postgres.ts'
import { skipUnless } from '../../fixtures/servers/programs.ts'

forkLean()

t.test('PostgreSQL', { skip: skipUnless(postgresProgram, 'postgres') }, async t => {
  // no wait for the disk, which is not what is tested
  const { url } = await startPostgres(t, { fsync: 'off' })
  postgresIsAt(url)

  t.test('contract', async t => {
    storeContract({
      test: (name, run) => t.test(name, run),
      open: openFresh,
      module: new URL('../../fixtures/stores/open-postgres.ts', import.meta.url)
    })
  })

  t.test('the store is shared', async t => {
    const store = open('shared')
    t.equal(store.shared, true)
    await store.close?.()
  })

  t.test('a prefix that is no name is refused', async t => {
    t.throws(() => postgresStore(poolFor(t), { prefix: 'a; DROP TABLE users; --' }), TypeError)
  })

  t.test('rotate: rotates a session that is created between its two reads', async t => {
    const pool = poolFor(t)
    const other = await openFresh('between')
    t.after(() => other.close?.())
    let created: Promise<void> | undefined
    const store = postgresStore({
      ...queriesOf(pool, query => query),
      async query (query) {
        if (query.name === 'between_find') await (created ??= other.create(session()))
        return pool.query(query)
      }
    }, { prefix: 'between_' })
    t.match(await store.rotate(presentation('t0', 't1')), {
      outcome: 'rotated',
      session: { jti: 't1' }
    })
  })

  t.test('a late call rejects at its deadline, and changes nothing', async t => {
    const pool = poolFor(t)
    const store = postgresStore(
      queriesOf(pool, query => ({
        ...query,
        text: query.text.replace(/<= (\$\d+) THEN/, '<= CAST($1 AS bigint) - 3600000 THEN')
      })),
      { prefix: 'late_' }
    )
    await store.migrate?.()
    await store.create(session())
    const deadline = Date.now() + 100
    for (const call of [
      () => store.rotate(presentation('t0', 't1', NOW, { deadline })),
      () => store.revoke('s', NOW, deadline),
      () => store.revokeUser('7', NOW, '', deadline)
    ]) {
      await t.rejects(
        async () => {
          await call()
        },
        { message: 'The deadline of this call has passed.' }
      )
    }
    t.same(await store.find('s'), session())
  })

  t.test('an error of the server is not taken for a missed deadline', async t => {
    const store = await openFresh('refused')
    t.after(() => store.close?.())
    for (const [now, code] of [
      [1e20, '22003'],
      [1.5, '22P02']
    ] as const) {
      await t.rejects(
        async () => {
          await store.revoke('s', now, Date.now() + 500)
        },
        { code },
        `${now}`
      )
    }
  })

  t.test('a sweep deletes more sessions and counters than one statement may', async t => {
    const pool = poolFor(t)
    const store = postgresStore(pool, { prefix: 'swept_' })
    await store.migrate?.()
    await pool.query(
      `INSERT INTO swept_sessions SELECT 's' || n, '7', 't0', null, 1, null, ${NOW} + n / 5002 * 60000, 1, ${NOW} + 60000, null, null, null, null, 0 FROM generate_series(1, 5002) AS n`
    )
    await pool.query(
      `INSERT INTO swept_counters SELECT n, 1, ${NOW} + n / 5002 * 60000 FROM generate_series(1, 5002) AS n`
    )
    t.equal(await store.sweep(NOW + 30_000), 5001)
    t.equal((await store.list('7', NOW)).length, 1)
    t.match((await pool.query('SELECT key FROM swept_counters')).rows, [{ key: '5002' }])
  })
})
