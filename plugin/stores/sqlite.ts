import { setImmediate as nextTurn } from 'node:timers/promises'
import { checkedDriver } from './checked-driver.ts'
import type { Session } from './session.ts'
import { type CounterRow, countRows, counterStatements } from './sql/counters.ts'
import { createGroupCommit } from './sql/group-commit.ts'
import {
  COLUMNS, SQLITE, type RevocationRow, type SessionRow, revocationOf, rotationParameters,
  sessionOf, statements
} from './sql/statements.ts'
import { migrateSqlite } from './sql/migrate-sqlite.ts'
import { checkSqlite } from './sql/sqlite-check.ts'
import { isBusy, whenFree } from './sql/sqlite-lock.ts'
import { type Rotation, type RotationResult, checkDeadline, decideRotation } from './rotation.ts'
import type { SessionStore } from './store.ts'

type Parameters = Record<string, string | number | null>

/** The members of a statement that the store uses, of better-sqlite3 or node:sqlite. */
export interface SqliteStatement {
  all(parameters: Parameters): unknown[]
  run(parameters: Parameters): { changes: number | bigint }
}

/** The members of a better-sqlite3 `Database` or node:sqlite `DatabaseSync` that the store uses. */
export interface SqliteDatabase {
  exec(sql: string): unknown
  prepare(sql: string): SqliteStatement
}

/** Rows that one statement changes, so that neither this process nor others wait long for it. */
const BATCH_SIZE = 500
/** Rows that one statement of a sweep visits. */
const SWEEP_RANGE = 5000

/**
 * A store in a SQLite file: sessions outlive the process, and the workers of one machine share
 * them. Pass a separate handle: the store sets `busy_timeout` to 0 and `journal_mode` to WAL. It
 * waits for locks without blocking the event loop. With `synchronous = NORMAL` commits survive a
 * crash of the process, with FULL also a crash of the machine.
 * @throws TypeError for a path, or a handle of another package
 */
export function sqliteStore (database: SqliteDatabase): SessionStore {
  checkedDriver('sqliteStore', database)
  const sql = { ...statements('simplejwt_', SQLITE), ...counterStatements('simplejwt_', SQLITE) }
  const prepared = new Map<string, SqliteStatement>()
  let isOpen = false

  function open (): SqliteDatabase {
    if (!isOpen) database.exec('PRAGMA busy_timeout = 0; PRAGMA journal_mode = WAL')
    isOpen = true
    return database
  }

  function statement (text: string): SqliteStatement {
    const known = prepared.get(text) ?? open().prepare(text)
    prepared.set(text, known)
    return known
  }

  function beforeDeadline (text: string, deadline: number | undefined): SqliteStatement {
    checkDeadline(deadline)
    return statement(text)
  }

  const inGroup = createGroupCommit(text => { open().exec(text) })

  const rows = <Row>(text: string, parameters: Parameters, deadline?: number): Promise<Row[]> =>
    whenFree(() => beforeDeadline(text, deadline).all(parameters) as Row[])
  const runNow = (text: string, parameters: Parameters, deadline?: number): number =>
    Number(beforeDeadline(text, deadline).run(parameters).changes)
  const change = (text: string, parameters: Parameters): Promise<number> =>
    whenFree(() => runNow(text, parameters))

  /**
   * Returns undefined if another call changed the row between the two statements. Run both again.
   */
  function exchange (rotation: Rotation): RotationResult | undefined {
    const { sid, next, deadline } = rotation
    checkDeadline(deadline)
    const [changed] = statement(`${sql.rotate} RETURNING ${COLUMNS}`)
      .all(rotationParameters(rotation))
    if (changed !== undefined) {
      const session = sessionOf(changed as SessionRow)
      return { outcome: session.jti === next.jti ? 'rotated' : 'reused', session }
    }
    const [found] = statement(sql.find).all({ sid })
    const session = found === undefined ? null : sessionOf(found as SessionRow)
    const outcome = decideRotation(session, rotation)
    return outcome && { outcome, session }
  }

  return {
    shared: true,

    counters: {
      increment: (requests, length, now) =>
        countRows(
          sql,
          (_verb, text, parameters) => rows<CounterRow>(text, parameters),
          requests,
          length,
          now
        )
    },

    async create (session) { await inGroup(() => runNow(sql.create, { ...session })) },
    async adopt (session) { await inGroup(() => runNow(sql.adopt, { ...session })) },

    async find (sid) {
      const [row] = await rows<SessionRow>(sql.find, { sid })
      return row === undefined ? null : sessionOf(row)
    },

    async rotate (rotation) {
      for (;;) {
        const result = await inGroup(() => exchange(rotation))
        if (result !== undefined) return result
        await nextTurn()
      }
    },

    revoke: async (sid, now, deadline) =>
      await inGroup(() => runNow(sql.revoke, { sid, now }, deadline)) === 1,

    async revokeUser (userId, now, except = '', deadline) {
      const ended: string[] = []
      for (;;) {
        const slice = await rows<Pick<Session, 'sid'>>(
          `${sql.revokeUser} RETURNING sid`,
          { userId, now, except, after: ended.at(-1) ?? '', most: BATCH_SIZE },
          deadline
        )
        ended.push(...slice.map(({ sid }) => sid).sort())
        if (slice.length < BATCH_SIZE) return ended
        await nextTurn()
      }
    },

    list: async (userId, now) => (await rows<SessionRow>(sql.list, { userId, now })).map(sessionOf),
    revokedSince: async time =>
      (await rows<RevocationRow>(sql.revokedSince, { time })).map(revocationOf),

    async sweep (before) {
      while ((await change(sql.sweepCounters, { before, most: BATCH_SIZE })) === BATCH_SIZE) {
        await nextTurn()
      }
      const [ids] = await rows<{ first: number | bigint | null, last: number | bigint | null }>(
        'SELECT min(rowid) AS first, max(rowid) AS last FROM simplejwt_sessions', {}
      )
      let total = 0
      for (let after = Number(ids?.first) - 1; after < Number(ids?.last); after += SWEEP_RANGE) {
        total += await change(
          `DELETE FROM simplejwt_sessions WHERE rowid > :after AND rowid <= :upTo AND ${sql.over}`,
          { before, after, upTo: after + SWEEP_RANGE }
        )
        await nextTurn()
      }
      return total
    },

    check: async () => checkSqlite(statement, isBusy),
    migrate: () => whenFree(() => { migrateSqlite(open()) })
  }
}
