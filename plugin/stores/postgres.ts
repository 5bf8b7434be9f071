import { LATE, beforeDeadline, serverClock } from './deadline.ts'
import { type PostgresPool, type Value, postgresClient } from './sql/postgres-client.ts'
import { CLOCK, isTooLate, returningBeforeDeadline } from './sql/postgres-deadline.ts'
import { type CounterRow, countRows, counterStatements } from './sql/counters.ts'
import { checkPostgres } from './sql/postgres-check.ts'
import { rotateTogether } from './sql/rotate-together.ts'
import { rotationBatches } from './sql/rotation-batches.ts'
import { sweepPostgres } from './sql/sweep-postgres.ts'
import {
  COLUMNS, POSTGRES, type RevocationRow, type SessionRow, checkedPrefix, revocationOf,
  rotationParameters, sessionOf, statements
} from './sql/statements.ts'
import { migratePostgres } from './sql/migrate-postgres.ts'
import { type Rotation, type RotationResult, decideRotation } from './rotation.ts'
import type { SessionStore } from './store.ts'

export type { PostgresPool, PostgresQuery } from './sql/postgres-client.ts'

/** Options of the store. */
export interface PostgresStoreOptions {
  /** Prefix of the tables, with an optional schema: `'auth.staff_'`. Default `'simplejwt_'`. */
  prefix?: string
}

/** No request waits for the list of revocations, which is long after a mass logout. */
const FEED_TIMEOUT_MS = 5000
/** Rows per statement, so that it holds their locks only briefly. */
const BATCH_SIZE = 1000

/**
 * A store in PostgreSQL, for any number of machines. Call `migrate()` once, or create the tables
 * yourself.
 * @param pool a pool of pg. Without a listener for `error` a lost connection would crash the
 *   process, so the store adds one if there is none
 * @throws TypeError for a prefix that is not a valid name, or an object that is no pool of pg
 */
export function postgresStore (
  pool: PostgresPool,
  { prefix = 'simplejwt_' }: PostgresStoreOptions = {}
): SessionStore {
  const sql = {
    ...statements(checkedPrefix(prefix), POSTGRES),
    ...counterStatements(prefix, POSTGRES)
  }
  const run = postgresClient(pool, prefix)
  const rows = async <Row>(
    verb: string, text: string, parameters: Record<string, Value>
  ): Promise<Row[]> => (await run<Row>({ verb, text, parameters })).rows

  const clock = serverClock(async () =>
    Number((await rows<{ clock: string }>('clock', `SELECT ${CLOCK} AS clock`, {}))[0]?.clock)
  )

  /** Runs a statement before its deadline. Returns the changed rows. */
  async function changed<Row> (
    deadline: number, verb: string, text: string, parameters: Record<string, Value>
  ): Promise<Row[]> {
    return beforeDeadline(clock, deadline, async deadlineThere => {
      try {
        return await rows<Row>(verb, text, { ...parameters, deadline: deadlineThere })
      } catch (error) {
        if (isTooLate(error)) return LATE
        throw error
      }
    })
  }

  async function find (sid: string) {
    const [row] = await rows<SessionRow>('find', sql.find, { sid })
    return row === undefined ? null : sessionOf(row)
  }

  function resultOf ({ next }: Rotation, row: SessionRow): RotationResult {
    const session = sessionOf(row)
    return { outcome: session.jti === next.jti ? 'rotated' : 'reused', session }
  }

  /** Returns undefined if another call has changed the row since. Rotate again then. */
  async function unchanged (rotation: Rotation): Promise<RotationResult | undefined> {
    const session = await find(rotation.sid)
    const outcome = decideRotation(session, rotation)
    return outcome && { outcome, session }
  }

  const rotateInTime = `${sql.rotate} ${returningBeforeDeadline(COLUMNS)}`
  async function rotate (rotation: Rotation): Promise<RotationResult> {
    for (;;) {
      const [row] = await changed<SessionRow>(
        rotation.deadline, 'rotate', rotateInTime, rotationParameters(rotation)
      )
      const result = row === undefined ? await unchanged(rotation) : resultOf(rotation, row)
      if (result !== undefined) return result
    }
  }

  const sweep = sweepPostgres(run, prefix)

  const changedTogether = rotateTogether(run<SessionRow>, prefix, clock)
  async function together (rotations: Rotation[]): Promise<(RotationResult | undefined)[]> {
    const rows = new Map((await changedTogether(rotations)).map(row => [row.sid, row]))
    return rotations.map(rotation => {
      const row = rows.get(rotation.sid)
      return row && resultOf(rotation, row)
    })
  }

  return {
    shared: true,

    counters: {
      increment: (requests, length, now) => countRows(sql, rows<CounterRow>, requests, length, now)
    },

    async create (session) { await rows('create', sql.create, { ...session }) },
    async adopt (session) { await rows('adopt', sql.adopt, { ...session }) },
    find,

    rotate: rotationBatches({
      alone: rotate,
      together,
      afterwards: async rotation => await unchanged(rotation) ?? rotate(rotation)
    }),

    revoke: async (sid, now, deadline = Infinity) =>
      (
        await changed(deadline, 'revoke', `${sql.revoke} ${returningBeforeDeadline('sid')}`, {
          sid, now
        })
      ).length === 1,

    async revokeUser (userId, now, except = '', deadline = Infinity) {
      const ended: string[] = []
      for (;;) {
        const parameters = { userId, now, except, after: ended.at(-1) ?? '', most: BATCH_SIZE }
        const slice = await changed<{ sid: string }>(
          deadline, 'revoke_user', `${sql.revokeUser} ${returningBeforeDeadline('sid')}`, parameters
        )
        ended.push(...slice.map(({ sid }) => sid))
        if (slice.length < BATCH_SIZE) return ended
      }
    },

    list: async (userId, now) =>
      (await rows<SessionRow>('list', sql.list, { userId, now })).map(sessionOf),

    async revokedSince (time) {
      const { rows } = await run<RevocationRow>({
        verb: 'revoked_since',
        text: sql.revokedSince,
        parameters: { time },
        timeoutMs: FEED_TIMEOUT_MS
      })
      return rows.map(revocationOf)
    },

    // A machine whose clock is ahead must not delete rows that others still need.
    sweep: async time => sweep(Math.floor(await clock.timeThere(time))),

    check: () => checkPostgres(run, prefix),
    migrate: () => migratePostgres(pool, prefix)
  }
}
