import t from 'tap'
import { NOW, presentation, session } from '../../plugin/store-contract/case.ts'
import { storeContract } from '../../plugin/store-contract.ts'
import { type SqliteDatabase, sqliteStore } from '../../plugin/stores/sqlite.ts'
import { eachSqlite } from '../fixtures/stores/each-sqlite.ts'
import { forkLean } from '../fixtures/servers/lean-children.ts'
import open, { openFresh, openHandle } from '../fixtures/stores/open-sqlite.ts'

forkLean()

eachSqlite(t, async t => {
  t.test('contract', async t => {
    storeContract({
      test: (name, run) => t.test(name, run),
      open: openFresh,
      module: new URL('../fixtures/stores/open-sqlite.ts', import.meta.url)
    })
  })

  t.test('the store is shared', async t => {
    const store = open('shared')
    t.equal(store.shared, true)
    await store.close?.()
  })

  t.test('without its tables the store says what to do', async t => {
    const store = open('empty')
    await t.rejects(store.find('s'), {
      message:
        "The table simplejwt_sessions is missing. Call the store's migrate() before the app " +
        'starts.',
      cause: /no such table/
    })
    await store.close?.()
  })

  t.test('a write rejects after 700 ms behind a lock, and a read does not wait', async t => {
    const [store, other] = [await openFresh('locked'), openHandle('locked')]
    t.after(() => { other.close(); return store.close?.() })
    await store.find('s')
    other.exec('BEGIN IMMEDIATE')
    const startedAt = performance.now()
    const created = t.rejects(store.create(session()), {
      message: 'Another process holds the lock of the SQLite file.',
      cause: /locked/
    })
    t.equal(await store.find('s'), null)
    await created
    t.ok(performance.now() - startedAt >= 690)
  })

  t.test('a sweep deletes more sessions and counters than one statement may', async t => {
    const handle = openHandle('swept')
    t.after(() => handle.close())
    const store = sqliteStore(handle)
    await store.migrate?.()
    handle.exec(`WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 12000)
      INSERT INTO simplejwt_sessions SELECT 's' || n, '7', 't0', null, 1, null, ${NOW} + n / 12000, 1, ${NOW} + 1, null, null, null, null, 0, null, null, null, null FROM numbers`)
    handle.exec('INSERT INTO simplejwt_counters SELECT sid, 1, expires_at FROM simplejwt_sessions')
    t.equal(await store.sweep(NOW + 1), 11_999)
    t.equal((await store.list('7', NOW)).length, 1)
    t.equal(handle.prepare('SELECT key FROM simplejwt_counters').all({}).length, 1)
  })

  t.test('rotate: rotates a session that is created between its two reads', async t => {
    await (await openFresh('between')).create(session())
    const [handle, other] = [openHandle('between'), openHandle('between')]
    t.after(() => { handle.close(); other.close() })
    other.exec('CREATE TABLE later AS SELECT * FROM simplejwt_sessions')
    other.exec('DELETE FROM simplejwt_sessions')
    const store = sqliteStore(
      before(handle, 'SELECT', () => {
        other.exec('INSERT OR IGNORE INTO simplejwt_sessions SELECT * FROM later')
      })
    )
    t.match(await store.rotate(presentation('t0', 't1')), {
      outcome: 'rotated',
      session: { jti: 't1' }
    })
  })

  t.test('a lock error of either driver is retried, and no other error', async t => {
    const busy = [
      { code: 'SQLITE_BUSY' },
      { code: 'SQLITE_BUSY_SNAPSHOT' },
      { code: 'ERR_SQLITE_ERROR', errcode: 5 },
      { code: 'ERR_SQLITE_ERROR', errcode: 517 }
    ]
    for (const error of [
      ...busy,
      { code: 'SQLITE_IOERR' },
      { code: 'ERR_SQLITE_ERROR', errcode: 10 }
    ]) {
      const handle = openHandle('words')
      let calls = 0
      const store = sqliteStore(
        before(handle, 'INSERT', () => {
          if (calls++ === 0) throw Object.assign(new Error('words'), error)
        })
      )
      await store.migrate?.()
      await store.create(session({ sid: JSON.stringify(error) })).catch(() => {})
      t.equal(calls, busy.includes(error) ? 2 : 1, JSON.stringify(error))
      t.equal(await store.find(JSON.stringify(error)) !== null, busy.includes(error))
      handle.close()
    }
  })
})

/** A handle that does something before each statement that begins so. */
function before (handle: SqliteDatabase, beginning: string, does: () => void): SqliteDatabase {
  return {
    exec: sql => handle.exec(sql),
    prepare (sql) {
      const statement = handle.prepare(sql)
      const first = (): void => { if (sql.startsWith(beginning)) does() }
      return {
        all: parameters => { first(); return statement.all(parameters) },
        run: parameters => { first(); return statement.run(parameters) }
      }
    }
  }
}
