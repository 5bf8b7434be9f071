import t from 'tap'
import { sqliteStore } from '../../../plugin/stores/sqlite.ts'
import { eachSqlite } from '../../fixtures/stores/each-sqlite.ts'
import { openFresh, openHandle } from '../../fixtures/stores/open-sqlite.ts'
import { VERIFIES, startApp } from '../../fixtures/stores/started.ts'

eachSqlite(t, async t => {
  await (await openFresh('file')).close?.()

  t.test('a handle that can only read stops the start of an app that issues tokens', async t => {
    for (const readOnly of [true, false]) {
      const handle = openHandle('file', { readOnly })
      t.after(() => handle.close())
      handle.exec('PRAGMA query_only = ON')
      const store = sqliteStore(handle)
      await t.rejects(startApp(t, store), {
        message: /^fastify-simplejwt: the session store cannot be used\. .*readonly database/
      })
      t.strictSame((await startApp(t, store, VERIFIES)).warnings, [])
    }
  })

  t.test('a lock of another process does not stop the start', async t => {
    const [handle, other] = [openHandle('file'), openHandle('file')]
    t.after(() => { other.close(); handle.close() })
    other.exec('BEGIN IMMEDIATE')
    t.strictSame((await startApp(t, sqliteStore(handle))).warnings, [])
  })

  t.test('check: changes nothing in the file', async t => {
    const [handle, other] = [openHandle('file'), openHandle('file')]
    t.after(() => { other.close(); handle.close() })
    const version = (): unknown => other.prepare('PRAGMA data_version').all({})
    const store = sqliteStore(handle)
    await store.list('', 0)
    const before = version()
    await store.check?.()
    t.strictSame(version(), before)
  })

  t.test('PRAGMA synchronous = OFF is a warning at the start, and no other value', async t => {
    for (const [value, warnings] of [
      ['OFF', [
        'fastify-simplejwt: A crash of the machine can undo logouts and break the file, since ' +
          '"PRAGMA synchronous" is OFF. Set it to FULL.'
      ]],
      ['NORMAL', []],
      ['FULL', []],
      ['EXTRA', []]
    ] as const) {
      for (const bigints of [false, true]) {
        const handle = openHandle('file', { bigints })
        t.after(() => handle.close())
        handle.exec(`PRAGMA synchronous = ${value}`)
        t.strictSame((await startApp(t, sqliteStore(handle))).warnings, warnings, value)
      }
    }
  })
})
