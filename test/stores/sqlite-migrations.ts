import t from 'tap'
import { type SqliteDatabase, sqliteStore } from '../../plugin/stores/sqlite.ts'
import { forkLean } from '../fixtures/servers/lean-children.ts'
import { eachSqlite } from '../fixtures/stores/each-sqlite.ts'
import { liveMigration } from '../fixtures/stores/live-migration.ts'
import {
  OLDER_VERSIONS, type OlderRow, type OlderWorker, firstWorker, textBefore, workerBefore
} from '../fixtures/stores/older-worker.ts'
import openStore, { openHandle } from '../fixtures/stores/open-sqlite.ts'
import type { Handle } from '../fixtures/stores/sqlite-drivers.ts'

forkLean()
const PREFIX = 'simplejwt_'

/** A handle that runs the statements of the version before, which had fewer parameters. */
function handleBefore (handle: Handle): SqliteDatabase {
  type Parameters = Record<string, string | number | null>
  const known = ({ clientId, scope, ...parameters }: Parameters): Parameters => parameters
  return {
    exec: sql => handle.exec(sql),
    prepare (sql) {
      const statement = handle.prepare(textBefore(sql))
      return {
        all: parameters => statement.all(known(parameters)),
        run: parameters => statement.run(known(parameters))
      }
    }
  }
}

const WORKERS: Record<typeof OLDER_VERSIONS[number]['version'], (handle: Handle) => OlderWorker> = {
  first: handle => firstWorker(async sql => {
    if (sql.startsWith('SELECT')) return handle.prepare(sql).all({}) as OlderRow[]
    handle.exec(sql)
    return []
  }, PREFIX),
  before: handle => workerBefore(sqliteStore(handleBefore(handle)))
}

eachSqlite(t, async t => {
  for (const { version, tables } of OLDER_VERSIONS) {
    t.test(`migrate: four processes at once, under a worker of the version: ${version}`, async t => {
      const handle = openHandle(version)
      const store = openStore(version)
      t.after(() => { handle.close(); return store.close?.() })
      handle.exec('PRAGMA busy_timeout = 5000; PRAGMA journal_mode = WAL')
      handle.exec(tables(PREFIX))
      const module = new URL('../fixtures/stores/open-sqlite.ts', import.meta.url)
      await liveMigration(t, { older: WORKERS[version](handle), store, module, name: version })
    })
  }
})
