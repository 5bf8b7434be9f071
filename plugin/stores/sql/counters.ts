import type { Dialect } from './statements.ts'
import type { Counter } from '../store.ts'

/** A row of the counters table. */
export interface CounterRow {
  key: string
  count: number | bigint | string
  ends_at: number | bigint | string
}

/**
 * No window is longer than a request that comes while it goes on would have it, but for this: those
 * of logins grow, up to an hour.
 */
const MAX_WINDOW_MS = 3_600_000

/** The statements that count, with named parameters. Times are bound in milliseconds. */
export function counterStatements (prefix: string, { members }: Dialect) {
  const counters = `${prefix}counters`
  return {
    // `requests` is a JSON object. In the order of the keys, or two of these at once would wait for
    // each other's rows. A window that ends too far from now was begun by a clock that was wrong:
    // nobody is to wait for it.
    increment: `INSERT INTO ${counters} AS c (key, count, ends_at)
SELECT key, CAST(value AS integer), CAST(:endsAt AS bigint) FROM ${members}(:requests) WHERE true ORDER BY key
ON CONFLICT (key) DO UPDATE SET
  count = CASE WHEN c.ends_at <= :now OR c.ends_at > :tooFar THEN excluded.count ELSE c.count + excluded.count END,
  ends_at = CASE WHEN c.ends_at <= :now OR c.ends_at > :tooFar THEN excluded.ends_at ELSE c.ends_at END
RETURNING key, count, ends_at`,
    readCounters: `SELECT key, count, ends_at FROM ${counters} WHERE key IN (SELECT key FROM ${members}(:requests)) AND ends_at > :now`,
    sweepCounters: `DELETE FROM ${counters} WHERE key IN (SELECT key FROM ${counters} WHERE ends_at < :before LIMIT :most)`
  }
}

type Statements = ReturnType<typeof counterStatements>
type Rows = (
  verb: 'increment' | 'read_counters',
  statement: string,
  parameters: Record<string, string | number>
) => Promise<CounterRow[]>

/** Counts what is to be counted, by one statement, and reads what is only asked for, by another. */
export async function countRows (
  sql: Statements, rows: Rows, requests: ReadonlyMap<string, number>, length: number, now: number
): Promise<Map<string, Counter>> {
  const [asked, counted] = [
    [...requests].filter(([, count]) => count === 0),
    [...requests].filter(([, count]) => count !== 0)
  ]
  const found = [
    ...(asked.length > 0
      ? await rows('read_counters', sql.readCounters, { requests: json(asked), now })
      : []),
    ...(counted.length > 0
      ? await rows('increment', sql.increment, {
        requests: json(counted),
        now,
        endsAt: now + length,
        tooFar: now + length + MAX_WINDOW_MS
      })
      : [])
  ]
  return new Map([
    ...asked.map(([key]): [string, Counter] => [key, { current: 0, ttl: 0 }]),
    ...found.map(({ key, count, ends_at: endsAt }): [string, Counter] => [
      key,
      { current: Number(count), ttl: Number(endsAt) - now }
    ])
  ])
}

const json = (requests: [string, number][]): string => JSON.stringify(Object.fromEntries(requests))
