import t from 'tap'
import { HOUR, NOW, presentation, session } from '../../../plugin/store-contract/case.ts'
import { postgresStore } from '../../../plugin/stores/postgres.ts'
import { checkedPrefix } from '../../../plugin/stores/sql/statements.ts'
import type { SessionStore } from '../../../plugin/stores/store.ts'
import { buildApp } from '../../fixtures/app.ts'
import { openFresh, poolFor, postgresIsAt } from '../../fixtures/stores/open-postgres.ts'
import { postgresProgram, startPostgres } from '../../fixtures/servers/postgres.ts'
import { skipUnless } from '../../fixtures/servers/programs.ts'

t.test('PostgreSQL', { skip: skipUnless(postgresProgram, 'postgres') }, async t => {
  const { url } = await startPostgres(t, { fsync: 'off' })
  postgresIsAt(url)

  t.test('migrate: creates the tables once for ten connections, and can run again', async t => {
    const pools = Array.from({ length: 10 }, () => poolFor(t, { max: 1 }))
    await Promise.all(pools.map(pool => pool.query('SELECT 1')))
    const stores = pools.map(pool => postgresStore(pool))
    await Promise.all(stores.map(store => store.migrate?.()))
    await stores[0]?.create(session())
    await Promise.all(stores.map(store => store.migrate?.()))
    for (const store of stores) t.same(await store.find('s'), session())
  })

  t.test('without its tables the app does not start, and says why', async t => {
    const { app } = await buildApp(t, { store: postgresStore(poolFor(t), { prefix: 'none_' }) })
    const message =
      'fastify-simplejwt: the session store cannot be used. relation "none_sessions" does not ' +
      "exist. Call the store's migrate() before the app starts, or create its tables."
    await t.rejects(async () => { await app.ready() }, { message })
  })

  t.test('a crash of the server may forget the counters, and nothing else', async t => {
    const store = await openFresh('kinds')
    t.after(() => store.close?.())
    const { rows } = await poolFor(t).query(
      "SELECT relname, relpersistence FROM pg_class WHERE relname IN ('kinds_sessions', " +
        "'kinds_counters') ORDER BY relname"
    )
    t.same(rows, [
      { relname: 'kinds_counters', relpersistence: 'u' },
      { relname: 'kinds_sessions', relpersistence: 'p' }
    ])
  })

  t.test('tables may be in a schema of their own', async t => {
    const pool = poolFor(t)
    await pool.query('CREATE SCHEMA auth')
    const store = postgresStore(pool, { prefix: 'auth.staff_' })
    await store.migrate?.()
    await store.migrate?.()
    await store.create(session())
    t.match(await store.rotate(presentation('t0', 't1')), { outcome: 'rotated' })
    t.equal(await store.revoke('s', NOW), true)
    t.equal(await store.sweep(NOW + HOUR), 1)
    const { rows } = await pool.query(
      "SELECT tablename FROM pg_tables WHERE schemaname = 'auth' ORDER BY 1"
    )
    t.same(rows.map(row => row.tablename), ['staff_counters', 'staff_sessions'])
  })

  t.test('the longest prefix that is taken is not too long for PostgreSQL', async t => {
    const isTaken = (prefix: string): boolean => {
      try {
        return checkedPrefix(prefix) === prefix
      } catch {
        return false
      }
    }
    const names = Array.from({ length: 63 }, (_, index) => 's'.repeat(63 - index))
    const schema = names.find(name => isTaken(`${name}.${name}`)) as string
    const pool = poolFor(t, { max: 1 })
    await pool.query(`CREATE SCHEMA ${schema}`)
    const store = postgresStore(pool, { prefix: `${schema}.${schema}` })
    await store.migrate?.()
    await store.create(session())
    t.match(await store.rotate(presentation('t0', 't1')), { outcome: 'rotated' })
    t.match(await store.find('s'), { jti: 't1' })
  })

  t.test('two prefixes on one pool do not see each other', async t => {
    const pool = poolFor(t)
    const [staff, guests] = ['staff_', 'guests_'].map(prefix =>
      postgresStore(pool, { prefix })
    ) as [SessionStore, SessionStore]
    for (const store of [staff, guests]) await store.migrate?.()
    await staff.create(session())
    t.equal(await guests.find('s'), null)
    await guests.create(session({ jti: 'g0' }))
    t.match(await staff.rotate(presentation('t0', 't1')), { outcome: 'rotated' })
    t.same(await guests.revokeUser('7', NOW), ['s'])
    t.match(await staff.find('s'), { jti: 't1', revokedAt: null })
    t.same(await staff.revokedSince(0), [])
  })

  t.test('each verb is prepared once for a connection', async t => {
    const pool = poolFor(t, { max: 1 })
    const store = postgresStore(pool, { prefix: 'verbs_' })
    await store.migrate?.()
    for (let index = 0; index < 3; index++) {
      const sid = `s${index}`
      await store.create(session({ sid }))
      await store.adopt(session({ sid }))
      await store.rotate(presentation('t0', 't1', NOW, { sid }))
      await store.rotate(presentation('forged', 't2', NOW, { sid }))
      await store.list('7', NOW)
      await store.revoke(sid, NOW)
      await store.revokeUser('7', NOW, sid)
      await store.revokedSince(NOW)
      await store.find(sid)
      await store.sweep(NOW)
      if (store.counters && 'increment' in store.counters) {
        await store.counters.increment(new Map([['a', 1]]), 1000, NOW)
      }
    }
    const { rows } = await pool.query(
      'SELECT name FROM pg_prepared_statements ORDER BY name COLLATE "C"'
    )
    t.same(
      rows.map(row => row.name),
      [
        'adopt', 'clock', 'create', 'find', 'increment', 'list', 'pages', 'revoke',
        'revoke_user', 'revoked_since', 'rotate', 'sweep', 'sweep_counters'
      ].map(verb => `verbs_${verb}`)
    )
  })

  t.test('ten thousand refreshes of a session leave one row', async t => {
    const store = await openFresh('refreshes')
    t.after(() => store.close?.())
    await store.create(session())
    for (let index = 0; index < 10_000; index++) {
      await store.rotate(presentation(`t${index}`, `t${index + 1}`))
    }
    const { rows } = await poolFor(t).query('SELECT jti FROM refreshes_sessions')
    t.same(rows, [{ jti: 't10000' }])
  })
})
