import { statSync } from 'node:fs'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import pg from 'pg'
import { memoryStore } from '../plugin/stores/memory.ts'
import { postgresStore } from '../plugin/stores/postgres.ts'
import { redisStore } from '../plugin/stores/redis.ts'
import { sqliteStore } from '../plugin/stores/sqlite.ts'
import type { SessionStore } from '../plugin/stores/store.ts'
import { postgresProgram, startPostgres } from '../test/fixtures/servers/postgres.ts'
import { redisProgram, startRedis } from '../test/fixtures/servers/redis.ts'
import { skipUnless } from '../test/fixtures/servers/programs.ts'
import { type Handle, drivers } from '../test/fixtures/stores/sqlite-drivers.ts'
import { type Operation, heapInUse } from './harness.ts'
import type { Scope, Subject } from './scope.ts'

/** A store that is open, beside the bare driver. */
export interface OpenStore {
  store: SessionStore
  /** The driver's own durable update of one row, another for each worker. Memory has no driver. */
  bare?: Operation
  /** Its rows or keys, and the bytes that they take. */
  holds(user: string): Promise<{ rows: number, bytes: number }>
}

/** A store to be measured, and how it is opened. */
export interface Candidate extends Subject { open(t: Scope): Promise<OpenStore> }

/** Workers that the bare updates have rows for. */
export const WORKERS = 64
/** Connections of the pool of PostgreSQL. */
const POOL = 16

/** The store in memory. */
export const memory: Candidate = {
  name: 'memory',
  skip: false,
  async open () {
    const store = memoryStore()
    return {
      store,
      holds: async user => ({
        rows: (await store.list(user, Date.now())).length,
        bytes: heapInUse()
      })
    }
  }
}

/**
 * SQLite by each driver of this machine. FULL waits for the disk with each commit, NORMAL does not.
 */
export function sqlite (synchronous: 'NORMAL' | 'FULL'): Candidate[] {
  const skip = skipUnless(drivers.size > 0, 'better-sqlite3')
  const names = skip ? ['better-sqlite3'] : [...drivers.keys()]
  return names.map(driver => ({
    name: `SQLite (${driver}, synchronous ${synchronous})`,
    skip,
    open: t => openSqlite(t, driver, synchronous)
  }))
}

async function openSqlite (t: Scope, driver: string, synchronous: string): Promise<OpenStore> {
  const folder = t.testdir()
  const file = (name: string): Handle => {
    const handle = drivers.get(driver)?.(join(folder, name)) as Handle
    t.after(() => handle.close())
    handle.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = ${synchronous}`)
    return handle
  }
  const ours = file('sessions.db')
  const store = sqliteStore(ours)
  await store.migrate?.()
  const theirs = file('bare.db')
  theirs.exec(BARE_TABLE)
  const update = theirs.prepare('UPDATE t SET v = ? WHERE id = ?') as unknown as {
    run(...values: number[]): unknown
  }
  let value = 0
  return {
    store,
    bare: worker => update.run(value++, worker),
    async holds () {
      ours.exec('PRAGMA wal_checkpoint(TRUNCATE)')
      const [{ rows }] = ours.prepare(ROWS).all({}) as [{ rows: number }]
      return { rows, bytes: statSync(join(folder, 'sessions.db')).size }
    }
  }
}

/** Redis, which keeps nothing on disk unless `appendfsync` says when it waits for the disk. */
export const redis = (appendfsync?: 'everysec' | 'always'): Candidate => ({
  name: `Redis (${appendfsync === undefined ? 'nothing on disk' : `appendfsync ${appendfsync}`})`,
  skip: skipUnless(redisProgram, 'redis-server'),
  async open (t) {
    const { url } = await startRedis(
      t, appendfsync === undefined ? [] : ['--appendonly', 'yes', '--appendfsync', appendfsync]
    )
    const client = new Redis(url)
    t.after(() => client.disconnect())
    let value = 0
    return {
      store: redisStore(client),
      bare: worker => client.hset(`bare:${worker}`, 'v', value++),
      holds: async () => ({
        rows: await client.dbsize(),
        bytes: Number(/used_memory:(\d+)/.exec(await client.info('memory'))?.[1])
      })
    }
  }
})

/** PostgreSQL with its defaults, fsync on among them, but for the settings given. */
export const postgres = (settings: Record<string, string> = {}): Candidate => ({
  name: `PostgreSQL (${Object.entries({ fsync: 'on', ...settings })
    .map(setting => setting.join(' '))
    .join(', ')}, pool of ${POOL})`,
  skip: skipUnless(postgresProgram, 'postgres'),
  async open (t) {
    const pool = new pg.Pool({
      connectionString: (await startPostgres(t, settings)).url,
      max: POOL
    })
    t.after(() => pool.end())
    const store = postgresStore(pool)
    await store.migrate?.()
    await pool.query(BARE_TABLE)
    let value = 0
    return {
      store,
      bare: worker =>
        pool.query({
          name: 'bare',
          text: 'UPDATE t SET v = $1 WHERE id = $2',
          values: [value++, worker]
        }),
      async holds () {
        await pool.query('VACUUM')
        const {
          rows: [row]
        } = await pool.query<{ rows: string, bytes: string }>(
          `${ROWS}, ${sizeOf('sessions')} + ${sizeOf('counters')} AS bytes`
        )
        return { rows: Number(row?.rows), bytes: Number(row?.bytes) }
      }
    }
  }
})

const BARE_TABLE = `CREATE TABLE t (id integer PRIMARY KEY, v integer); INSERT INTO t (id) VALUES ${Array.from({ length: WORKERS }, (_, worker) => `(${worker})`)}`
const ROWS =
  'SELECT (SELECT count(*) FROM simplejwt_sessions) + (SELECT count(*) FROM ' +
  'simplejwt_counters) AS rows'
const sizeOf = (table: string): string => `pg_total_relation_size('simplejwt_${table}')`
