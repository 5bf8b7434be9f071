// In your app: from 'fastify-simplejwt', 'fastify-simplejwt/stores/sqlite' and so on
import { memoryStore } from '../plugin/stores/memory.ts'
import { postgresStore } from '../plugin/stores/postgres.ts'
import { redisStore } from '../plugin/stores/redis.ts'
import { type SqliteDatabase, sqliteStore } from '../plugin/stores/sqlite.ts'
import type { SessionStore } from '../plugin/stores/store.ts'

/** A store. Call `disconnect` after the app has closed. */
export interface OpenStore { store: SessionStore, disconnect(): unknown }

/** Opens the store of a `STORE_URL`, and creates missing tables. */
export async function openStore (url: string): Promise<OpenStore> {
  const opened = await open(url)
  await opened.store.migrate?.()
  return opened
}

/** Loads drivers lazily: loading all of them slows the start by 10 %. */
async function open (url: string): Promise<OpenStore> {
  const scheme = url.slice(0, url.indexOf(':'))
  if (scheme === 'memory') return { store: memoryStore(), disconnect: () => {} }
  if (scheme === 'sqlite') return openSqlite(url.slice('sqlite:'.length))
  return scheme.startsWith('redis') ? openRedis(url) : openPostgres(url)
}

async function openSqlite (path: string): Promise<OpenStore> {
  const database = await openDatabase(path)
  // Commits survive a crash of the process. With FULL they also survive a crash of the machine.
  database.exec('PRAGMA synchronous = NORMAL')
  return { store: sqliteStore(database), disconnect: () => database.close() }
}

type Handle = SqliteDatabase & { close(): void }
interface BuiltIn { DatabaseSync: new (path: string) => Handle }

/** Node has SQLite since 22.13. Older versions need better-sqlite3, an optional dependency. */
async function openDatabase (path: string): Promise<Handle> {
  const builtIn = process.getBuiltinModule?.('node:sqlite') as BuiltIn | undefined
  if (builtIn !== undefined) return new builtIn.DatabaseSync(path)
  const { default: Database } = await import('better-sqlite3').catch((cause: unknown) => {
    throw new Error(
      'STORE_URL=sqlite: requires Node 22.13 or later, or the package better-sqlite3, which is ' +
        'not installed',
      { cause }
    )
  })
  return new Database(path) as Handle
}

async function openRedis (url: string): Promise<OpenStore> {
  const { Redis } = await import('ioredis')
  const client = new Redis(url, {
    // Do not queue commands during an outage, and close a dead connection.
    enableOfflineQueue: false,
    socketTimeout: 5000,
    retryStrategy: attempt => Math.min(attempt * 50, 1000)
  })
  return { store: redisStore(client), disconnect: () => client.disconnect() }
}

async function openPostgres (url: string): Promise<OpenStore> {
  const { default: pg } = await import('pg')
  // PgBouncer refuses the option statement_timeout. Set it for the role: docs/stores.md shows how.
  const pool = new pg.Pool({
    connectionString: url,
    connectionTimeoutMillis: 700,
    keepAlive: true
  })
  return { store: postgresStore(pool), disconnect: () => pool.end() }
}
