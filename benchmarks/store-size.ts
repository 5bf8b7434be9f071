import { statSync } from 'node:fs'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import pg from 'pg'
import { memoryStore } from '../plugin/stores/memory.ts'
import { postgresStore } from '../plugin/stores/postgres.ts'
import { redisStore } from '../plugin/stores/redis.ts'
import type { Session } from '../plugin/stores/session.ts'
import { sqliteStore } from '../plugin/stores/sqlite.ts'
import type { SessionStore } from '../plugin/stores/store.ts'
import { postgresProgram, startPostgres } from '../test/fixtures/servers/postgres.ts'
import { skipUnless } from '../test/fixtures/servers/programs.ts'
import { redisProgram, startRedis } from '../test/fixtures/servers/redis.ts'
import { type Handle, drivers } from '../test/fixtures/stores/sqlite-drivers.ts'
import { type Settings, fixed, heapInUse, table } from './harness.ts'
import { newId } from '../plugin/ids.ts'
import { newSession } from './new-session.ts'
import type { Report } from './report.ts'
import { type Scope, type Subject, rowsOf, scoped } from './scope.ts'

/** Sessions that are created at a time. SQLite then writes them in one transaction. */
const AT_ONCE = 64
/** Rotations that are under way at a time. */
const IN_FLIGHT = 20
/** One session in ten has expired before the sweep. */
const EXPIRED = 10
/** Calls for one session before it is given up. */
const MOST_TRIES = 20
const DAY = 86_400_000
const MiB = 2 ** 20

/** Bytes that a store takes, and those of them that belong to indexes, if it tells them apart. */
interface Size { bytes: number, indexes?: number }

/** A store and its size. */
interface Opened {
  store: SessionStore
  size(): Promise<Size>
  /** What the rotations cost beyond their time. */
  rotated?(count: number): Promise<string>
}

interface Sized extends Subject { open(t: Scope): Promise<Opened> }

/** What a store takes with many sessions, and how fast it is then. */
export default async function storeSize (
  t: Scope, { quick, count = quick ? 2000 : 300_000 }: Settings
): Promise<Report> {
  const counts = quick ? [count] : [Math.ceil(count / 3), count]
  const rotations = Math.min(20_000, count)
  const text = `Stores with many sessions of as many users, with a user agent of 111 characters. Memory: heap in use, some sessions kept by the benchmark included. SQLite: the file after a checkpoint. Redis: used_memory. PostgreSQL: tables and indexes. Then ${fixed(rotations)} rotations of random sessions, ${IN_FLIGHT} at a time, and a sweep after one session in ${EXPIRED} has expired. Nothing waits for a disk: Redis keeps nothing there, SQLite is NORMAL, PostgreSQL has synchronous_commit off. The last column: WAL, HOT updates of all updates, and the size of the indexes after the rotations, for ${fixed(rotations)} rotations.\n\n`
  const rows = await rowsOf(t, SUBJECTS, async (t, { name, open }) => {
    const lines: string[][] = []
    for (const size of counts) {
      console.error(`store-size: ${name}, ${fixed(size)} sessions`)
      await scoped(t, async t => { lines.push(await measure(await open(t), size, rotations)) })
    }
    return lines
  })
  return { text: text + table(HEADS, rows) }
}

const HEADS = [
  'store', 'sessions', 'bytes per session', 'of it indexes', 'in all', 'creations/s',
  'rotations/s', 'sweep of 10 %', 'rotations took'
]

async function measure (
  { store, size, rotated }: Opened, count: number, rotations: number
): Promise<string[]> {
  const empty = await size()
  const createdAt = Date.now()
  const kept: Session[] = []
  let begun = performance.now()
  for (let number = 0; number < count; number += AT_ONCE) {
    await Promise.all(Array.from({ length: Math.min(AT_ONCE, count - number) }, (_, index) => {
      const isOld = (number + index) % EXPIRED === 0
      const session = newSession(`${number + index}`, isOld ? createdAt - 31 * DAY : createdAt)
      if (!isOld && Math.random() < 2 * rotations / count) kept.push({ ...session })
      return insert(store, session)
    }))
  }
  const created = count / (performance.now() - begun) * 1000
  const { bytes, indexes } = await size()
  const some = kept.slice(0, rotations)
  begun = performance.now()
  let next = 0
  await Promise.all(Array.from({ length: IN_FLIGHT }, async () => {
    for (let session = some[next++]; session !== undefined; session = some[next++]) {
      await rotate(store, session)
    }
  }))
  const rate = some.length / (performance.now() - begun) * 1000
  const cost = await rotated?.(some.length) ?? '-'
  begun = performance.now()
  const deleted = await store.sweep(createdAt)
  const swept = (performance.now() - begun) / 1000
  if (deleted !== Math.ceil(count / EXPIRED)) throw new Error(`the sweep deleted ${deleted}`)
  return [
    fixed(count),
    fixed((bytes - empty.bytes) / count),
    indexes === undefined ? '-' : fixed((indexes - (empty.indexes ?? 0)) / count),
    `${fixed(bytes / MiB)} MiB`,
    fixed(created),
    fixed(rate),
    `${fixed(swept, 1)} s`,
    cost
  ]
}

/** Creates a session. A call that timed out on a machine that stalls is sent again. */
async function insert (store: SessionStore, session: Session): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      return await (tries === 1 ? store.create(session) : store.adopt(session))
    } catch (error) {
      if (tries === MOST_TRIES) throw error
    }
  }
}

async function rotate (store: SessionStore, { sid, jti }: Session): Promise<void> {
  const now = Date.now()
  const { outcome } = await store.rotate({
    sid,
    presented: jti,
    next: { jti: newId(), issuedAt: now, expiresAt: now + DAY },
    now,
    reuseInterval: 10_000,
    client: { userAgent: 'a browser', address: '203.0.113.7' },
    sameAddress: false,
    accessLifetime: 300_000,
    deadline: now + 10_000
  })
  if (outcome !== 'rotated') throw new Error(`a refresh of the current token was ${outcome}`)
}

const [driver = ''] = drivers.keys()

const SUBJECTS: Sized[] = [
  {
    name: 'memory',
    skip: false,
    open: async () => ({
      store: memoryStore(),
      size: async () => ({ bytes: heapInUse() })
    })
  },
  {
    name: 'SQLite',
    skip: skipUnless(drivers.size > 0, 'better-sqlite3'),
    async open (t) {
      const file = join(t.testdir(), 'sessions.db')
      const handle = drivers.get(driver)?.(file) as Handle
      t.after(() => handle.close())
      handle.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL')
      const store = sqliteStore(handle)
      await store.migrate?.()
      return {
        store,
        async size () {
          handle.exec('PRAGMA wal_checkpoint(TRUNCATE)')
          return { bytes: statSync(file).size }
        }
      }
    }
  },
  {
    name: 'Redis',
    skip: skipUnless(redisProgram, 'redis-server'),
    async open (t) {
      const client = new Redis((await startRedis(t)).url)
      t.after(() => client.disconnect())
      return {
        store: redisStore(client),
        size: async () => ({
          bytes: Number(/used_memory:(\d+)/.exec(await client.info('memory'))?.[1])
        })
      }
    }
  },
  {
    name: 'PostgreSQL',
    skip: skipUnless(postgresProgram, 'postgres'),
    async open (t) {
      const settings = { synchronous_commit: 'off' }
      const pool = new pg.Pool({ connectionString: (await startPostgres(t, settings)).url })
      t.after(() => pool.end())
      const store = postgresStore(pool)
      await store.migrate?.()
      return { store, ...sizesOf(pool) }
    }
  }
]

/** The sizes of the sessions in PostgreSQL, and the costs of their rotations. */
function sizesOf (pool: pg.Pool): Pick<Opened, 'size' | 'rotated'> {
  let before: Record<string, string> = {}
  const state = async (): Promise<Record<string, string>> =>
    (await pool.query<Record<string, string>>(STATE)).rows[0] as Record<string, string>
  return {
    async size () {
      await pool.query('VACUUM ANALYZE')
      before = await state()
      return { bytes: Number(before.bytes), indexes: Number(before.indexes) }
    },
    async rotated (count) {
      await settled()
      const after = await state()
      const more = (name: string): number => Number(after[name]) - Number(before[name])
      return [
        `${fixed(more('wal') / count)} bytes of WAL each`,
        `${fixed(100 * more('hot') / more('updates'))} % HOT`,
        `indexes ${fixed(more('indexes') / MiB, 1)} MiB larger`
      ].join(', ')
    }
  }

  /** Waits until each connection has reported its updates, which takes up to a second. */
  async function settled (): Promise<void> {
    await pool.query('SELECT pg_sleep(1.5)')
    await pool.query('SELECT pg_stat_clear_snapshot()')
  }
}

const STATE = `SELECT pg_total_relation_size('simplejwt_sessions') AS bytes,
  pg_indexes_size('simplejwt_sessions') AS indexes,
  pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0') AS wal,
  n_tup_upd AS updates, n_tup_hot_upd AS hot
  FROM pg_stat_user_tables WHERE relname = 'simplejwt_sessions'`
