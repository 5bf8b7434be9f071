import { setTimeout as delay } from 'node:timers/promises'
import { type PostgresPool, codeOf } from './postgres-client.ts'
import { ADDED_COLUMNS, addColumns, tables } from './tables.ts'

/** A change of the table waits this long for running queries, and makes new ones wait behind it. */
const LOCK_TIMEOUT_MS = 200
const RETRY_MS = 500
const MAX_ATTEMPTS = 20

/**
 * Creates missing tables and columns. Existing ones need no lock. An older worker may go on using
 * the table.
 */
export async function migratePostgres (pool: PostgresPool, prefix: string): Promise<void> {
  for (let attempt = 1; await isIncomplete(pool, prefix); attempt++) {
    try {
      await change(pool, prefix)
    } catch (error) {
      if (!isLocked(error) || attempt === MAX_ATTEMPTS) throw error
      await delay(RETRY_MS * Math.random())
    }
  }
}

async function isIncomplete (pool: PostgresPool, prefix: string): Promise<boolean> {
  const found = await columnsOf(pool, prefix)
  return found === undefined || ADDED_COLUMNS.some(name => !found.includes(name))
}

/** Returns the names of the columns of the sessions table, or undefined without all tables. */
async function columnsOf (pool: PostgresPool, prefix: string): Promise<string[] | undefined> {
  const { rows } = await pool.query({
    text: `SELECT to_regclass('${prefix}counters_ends_at') IS NOT NULL AS complete,
  ARRAY(SELECT attname::text FROM pg_attribute WHERE attrelid = to_regclass('${prefix}sessions') AND attnum > 0) AS columns`
  })
  const [{ complete, columns }] = rows as [{ complete: boolean, columns: string[] }]
  return complete ? columns : undefined
}

/**
 * pg runs the text as one transaction. The advisory lock makes processes that start at once wait
 * for each other.
 */
async function change (pool: PostgresPool, prefix: string): Promise<void> {
  const found = await columnsOf(pool, prefix)
  const change = found === undefined
    ? tables(prefix, 'UNLOGGED ')
    : addColumns(prefix, ADDED_COLUMNS.filter(name => !found.includes(name)), ' IF NOT EXISTS')
  await pool.query({
    text: `SELECT pg_advisory_xact_lock(7301955061);
SET LOCAL lock_timeout = ${LOCK_TIMEOUT_MS};
${change}`
  })
}

/** lock_not_available, and query_canceled by the host's own `statement_timeout`. */
const LOCKED = new Set(['55P03', '57014'])
const isLocked = (error: unknown): boolean => LOCKED.has(codeOf(error) as string)
