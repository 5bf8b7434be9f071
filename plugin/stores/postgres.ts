import { serverClock } from './server-clock.ts'
import { type SessionRow, checkedPrefix, sessionOf, statements, tables } from './sql.ts'
import { outcomeWithoutChange, type Rotation, type RotationResult, type SessionStore } from './store.ts'

type Value = string | number | null

/** A query as pg takes it. With a name it is parsed once for each connection. */
export interface PostgresQuery { name?: string, text: string, values?: Value[], query_timeout?: number }

/** What the store needs of a pool, as pg's `Pool` has it. */
export interface PostgresPool {
  query(query: PostgresQuery): Promise<{ rows: unknown[], rowCount: number | null }>
  on(event: 'error', listener: (error: Error) => void): unknown
  listenerCount(event: 'error'): number
}

/** Options of the store. */
export interface PostgresStoreOptions {
  /** What the names of the tables begin with, a schema included if there is one: `'auth.staff_'`. Default `'simplejwt_'`. */
  prefix?: string
}

/** Milliseconds after which a query is given up and its connection closed: it may be dead. */
const PATIENCE = 700
/** Milliseconds. A sweep looks at every row. */
const SWEEP_PATIENCE = 30_000
/** How often a transaction is begun again that others made impossible. */
const ATTEMPTS = 5
/** Rows that one statement may change, so that nobody waits long for its locks. */
const MOST = 1000

const CLOCK = 'CAST(extract(epoch FROM clock_timestamp()) * 1000 AS bigint)'

/**
 * A store in PostgreSQL, for any number of machines. Call `migrate()` once, or create the tables yourself.
 * @param pool a pool of pg. The store listens to its errors if nobody else does, since one that nobody hears ends the process
 * @throws TypeError for a prefix that is no name
 */
export function postgresStore (pool: PostgresPool, { prefix = 'simplejwt_' }: PostgresStoreOptions = {}): SessionStore {
  const sql = statements(checkedPrefix(prefix))
  const sweep = `DELETE FROM ${prefix}sessions WHERE sid IN (SELECT sid FROM ${prefix}sessions WHERE ${sql.over} LIMIT :most)`
  if (pool.listenerCount('error') === 0) pool.on('error', () => {})

  /** Runs a statement with named parameters. */
  async function run<Row> (verb: string, text: string, parameters: Record<string, Value>, patience = PATIENCE): Promise<{ rows: Row[], rowCount: number | null }> {
    const names: string[] = []
    const numbered = text.replaceAll(/:(\w+)/g, (_match, name: string) => `$${names.includes(name) ? names.indexOf(name) + 1 : names.push(name)}`)
    const query = { name: `${prefix}${verb}`, text: numbered, values: names.map(name => storable(parameters[name] as Value)), query_timeout: patience }
    for (let attempt = 1; ; attempt++) {
      try {
        return await pool.query(query) as { rows: Row[], rowCount: number | null }
      } catch (error) {
        if (!isConflict(error) || attempt === ATTEMPTS) throw plainer(error)
      }
    }
  }

  const rows = async <Row>(verb: string, text: string, parameters: Record<string, Value>): Promise<Row[]> => (await run<Row>(verb, text, parameters)).rows

  const clock = serverClock(async () => Number((await rows<{ clock: string }>('clock', `SELECT ${CLOCK} AS clock`, {}))[0]?.clock))

  async function find (sid: string) {
    const [row] = await rows<SessionRow>('find', sql.find, { sid })
    return row === undefined ? null : sessionOf(row)
  }

  /** Undefined if the server found the call too late, or if the row was changed between the two statements. */
  async function exchange (rotation: Rotation): Promise<RotationResult | undefined> {
    const { sid, presented, next, now, reuseInterval, deadline } = rotation
    const [changed] = await rows<SessionRow>('rotate', `${sql.rotate} AND ${CLOCK} <= :deadline RETURNING *`,
      { sid, presented, next: next.jti, issuedAt: next.issuedAt, expiresAt: next.expiresAt, now, reuseInterval, deadline: await clock.timeThere(deadline) })
    if (changed !== undefined) {
      const session = sessionOf(changed)
      return { outcome: session.jti === next.jti ? 'rotated' : 'reused', session }
    }
    const session = await find(sid)
    const outcome = outcomeWithoutChange(session, rotation)
    return outcome && { outcome, session }
  }

  return {
    shared: true,

    counters: {
      async increment (key, count, length, now) {
        const [counter] = await rows<{ count: number, ends_at: string }>('increment', sql.increment, { key, count, now, endsAt: now + length, tooFar: now + 2 * length })
        return { current: Number(counter?.count), ttl: Number(counter?.ends_at) - now }
      }
    },

    async create (session) { await run('create', sql.create, { ...session }) },
    async adopt (session) { await run('adopt', sql.adopt, { ...session }) },
    find,

    async rotate (rotation) {
      while (Date.now() <= rotation.deadline) {
        const result = await exchange(rotation)
        if (result !== undefined) return result
        clock.measureAgain()
      }
      throw new Error('The deadline of this rotation has passed.')
    },

    revoke: async (sid, now) => (await run('revoke', sql.revoke, { sid, now })).rowCount === 1,

    async revokeUser (userId, now, except = '') {
      const ended: string[] = []
      for (;;) {
        const slice = await rows<{ sid: string }>('revoke_user', sql.revokeUser, { userId, now, except, most: MOST })
        ended.push(...slice.map(({ sid }) => sid))
        if (slice.length < MOST) return ended
      }
    },

    list: async (userId, now) => (await rows<SessionRow>('list', sql.list, { userId, now })).map(sessionOf),
    revokedSince: async time => (await rows<{ sid: string, revoked_at: string }>('revoked_since', sql.revokedSince, { time }))
      .map(({ sid, revoked_at: revokedAt }) => ({ sid, revokedAt: Number(revokedAt) })),

    async sweep (before) {
      await run('sweep_counters', sql.sweepCounters, { before })
      for (let total = 0; ;) {
        const { rowCount } = await run('sweep', sweep, { before, most: MOST }, SWEEP_PATIENCE)
        total += rowCount as number
        if (rowCount as number < MOST) return total
      }
    },

    // One transaction, in which processes that start at once take their turns.
    async migrate () { await pool.query({ text: `SELECT pg_advisory_xact_lock(7301955061);\n${tables(prefix, 'UNLOGGED ')}` }) }
  }
}

/** PostgreSQL's text holds no NUL, so no session has an id with one: this looks for another that nobody has. */
const storable = (value: Value): Value => typeof value === 'string' ? value.replaceAll('\0', '\ufffd') : value

const codeOf = (error: unknown): string | undefined => (error as { code?: string }).code

/** A serialization failure or a deadlock: the statement was rolled back, and may be run again. */
const isConflict = (error: unknown): boolean => codeOf(error) === '40001' || codeOf(error) === '40P01'

function plainer (error: unknown): unknown {
  return codeOf(error) === '42P01' ? new Error(`${(error as Error).message}: call the store's migrate() before the app starts, or create its tables.`, { cause: error }) : error
}
