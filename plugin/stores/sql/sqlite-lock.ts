import { setTimeout as delay } from 'node:timers/promises'

/** Timeout of a call for a lock that another process holds. */
export const LOCK_TIMEOUT_MS = 700

/** better-sqlite3 puts the result code in `code`, node:sqlite in `errcode`. */
export interface SqliteError extends Error { code?: string, errcode?: number }

const BUSY = 5
const CONSTRAINT = 19

const hasCode = ({ code, errcode }: SqliteError, name: string, number: number): boolean =>
  code?.startsWith(name) === true || (errcode !== undefined && (errcode & 0xff) === number)

export const isBusy = (error: SqliteError): boolean => hasCode(error, 'SQLITE_BUSY', BUSY)

/**
 * Returns whether an error is of one call, and not of the file. SQLite has undone that statement
 * and kept the transaction. A full disk, for one, may end the transaction.
 */
export const isOfOneCall = (error: SqliteError): boolean =>
  (error.code === undefined && error.errcode === undefined) ||
  hasCode(error, 'SQLITE_CONSTRAINT', CONSTRAINT)

/** Retries a call while another process holds the lock. SQLite's own wait blocks the event loop. */
export async function whenFree<T> (
  call: () => T, giveUpAt = Date.now() + LOCK_TIMEOUT_MS, pause = 1
): Promise<T> {
  try {
    return call()
  } catch (error) {
    if (!isBusy(error as SqliteError)) throw withHint(error as SqliteError)
    if (Date.now() > giveUpAt) {
      throw new Error('Another process holds the lock of the SQLite file.', { cause: error })
    }
  }
  await delay(pause * Math.random())
  return whenFree(call, giveUpAt, Math.min(2 * pause, 25))
}

function withHint (error: SqliteError): Error {
  const [, table] = /no such table: (\S+)/.exec(error.message) ?? []
  return table === undefined
    ? error
    : new Error(
        `The table ${table} is missing. Call the store's migrate() before the app starts.`,
        { cause: error }
    )
}
