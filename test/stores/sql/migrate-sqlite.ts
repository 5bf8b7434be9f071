import t from 'tap'
import { HOUR, NOW, SECOND, presentation, session } from '../../../plugin/store-contract/case.ts'
import { migrateSqlite } from '../../../plugin/stores/sql/migrate-sqlite.ts'
import { sqliteStore } from '../../../plugin/stores/sqlite.ts'
import { eachSqlite } from '../../fixtures/stores/each-sqlite.ts'
import { OLD_TABLES, oldInsert, oldRevoke, oldRotate } from '../../fixtures/stores/old-tables.ts'
import { openHandle } from '../../fixtures/stores/open-sqlite.ts'

const DAY = 24 * HOUR

eachSqlite(t, async t => {
  t.test('migrate: creates the tables, and can run again', async t => {
    const handle = openHandle('new')
    t.after(() => { handle.close() })
    migrateSqlite(handle)
    await sqliteStore(handle).create(session())
    migrateSqlite(handle)
    t.same(await sqliteStore(handle).find('s'), session())
  })

  t.test('migrate: adds columns under an older worker, which goes on', async t => {
    const [old, handle] = [openHandle('old'), openHandle('old')]
    t.after(() => { old.close(); handle.close() })
    old.exec(OLD_TABLES('simplejwt_'))
    const insert = (sid: string) => old.exec(oldInsert('simplejwt_', sid, NOW))
    insert('before')
    const store = sqliteStore(handle)
    await store.migrate?.()
    await store.migrate?.()
    insert('after')
    for (const sid of ['before', 'after']) {
      t.match(await store.find(sid), {
        sid, accessLifetime: DAY, rotatedUserAgent: null, rotatedAddress: null
      })
      old.exec(oldRotate('simplejwt_', sid, NOW))
      const { outcome } = await store.rotate(presentation('t0', 't2', NOW + 1, { sid }))
      t.equal(outcome, 'replayed', 'its rotation names no client')
    }
    old.exec(oldRevoke('simplejwt_', 'before', NOW))
    t.equal(await store.sweep(NOW + DAY), 0, 'the worker may issue tokens of up to a day')
    t.equal(await store.sweep(NOW + DAY + SECOND), 1)
  })

  t.test('migrate: a column that another process has added meanwhile is left alone', async t => {
    const [handle, other] = [openHandle('race'), openHandle('race')]
    t.after(() => { handle.close(); other.close() })
    handle.exec(OLD_TABLES('simplejwt_'))
    migrateSqlite({
      prepare: sql => handle.prepare(sql),
      exec (sql) {
        if (sql === 'BEGIN IMMEDIATE') migrateSqlite(other)
        return handle.exec(sql)
      }
    })
    await sqliteStore(handle).create(session())
    t.same(await sqliteStore(handle).find('s'), session())
  })

  t.test('migrate: a migration that fails leaves the table as it was', async t => {
    const handle = openHandle('failed')
    t.after(() => { handle.close() })
    handle.exec(OLD_TABLES('simplejwt_'))
    t.throws(() => migrateSqlite({
      prepare: sql => handle.prepare(sql),
      exec: sql => handle.exec(sql.replace('rotated_address text', 'jti text'))
    }), /duplicate column/)
    t.notMatch(
      handle.prepare('PRAGMA table_info(simplejwt_sessions)').all({}),
      [{ name: 'access_lifetime' }]
    )
    migrateSqlite(handle)
    await sqliteStore(handle).create(session())
    t.same(await sqliteStore(handle).find('s'), session())
  })
})
