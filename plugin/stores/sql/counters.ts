import type { Dialect } from './statements.ts'
import type { Counter } from '../store.ts'

/** A row of the counters table. */
export interface CounterRow {
  key: string
  count: number | bigint | string
  ends_at: number | bigint | string
}

/**
 * Longest legitimate window (login back-off). A window that ends later was opened by a wrong clock.
 */
const MAX_WINDOW_MS = 3_600_000

/** The statements of the counters, with named parameters. Times are bound in milliseconds. */
export function counterStatements (prefix: string, { lockRows, members }: Dialect) {
  const counters = `${prefix}counters`
  return {
    // `requests` is a JSON object. ORDER BY prevents a deadlock between two of these statements. A
    // window that ends after :tooFar was opened by a wrong clock and starts again.
    increment: `INSERT INTO ${counters} AS c (key, count, ends_at)
SELECT key, CAST(value AS integer), CAST(:endsAt AS bigint) FROM ${members}(:requests) WHERE true ORDER BY key
ON CONFLICT (key) DO UPDATE SET
  count = CASE WHEN c.ends_at <= :now OR c.ends_at > :tooFar THEN excluded.count ELSE c.count + excluded.count END,
  ends_at = CASE WHEN c.ends_at <= :now OR c.ends_at > :tooFar THEN excluded.ends_at ELSE c.ends_at END
RETURNING key, count, ends_at`,
    // The inner SELECT locks the rows in the order of the statement above.
    giveBack: `UPDATE ${counters} AS c SET count = CASE WHEN c.count + r.given > 0 THEN c.count + r.given ELSE 0 END
FROM (SELECT key AS name, CAST(value AS integer) AS given FROM ${members}(:requests)) AS r
WHERE c.key = r.name AND c.key IN (
  SELECT key FROM ${counters} WHERE key IN (SELECT key FROM ${members}(:requests)) AND ends_at > :now AND ends_at <= :endsAt ORDER BY key${lockRows}
) RETURNING key`,
    readCounters: `SELECT key, count, ends_at FROM ${counters} WHERE key IN (SELECT key FROM ${members}(:requests)) AND ends_at > :now`,
    sweepCounters: `DELETE FROM ${counters} WHERE key IN (SELECT key FROM ${counters} WHERE ends_at < :before LIMIT :most)`
  }
}

type Statements = ReturnType<typeof counterStatements>
type Rows = (
  verb: 'increment' | 'give_back' | 'read_counters',
  statement: string,
  parameters: Record<string, string | number>
) => Promise<CounterRow[]>

/** Counts all requests with one statement. Gives back and reads with one other each. */
export async function countRows (
  sql: Statements, rows: Rows, requests: ReadonlyMap<string, number>, length: number, now: number
): Promise<Map<string, Counter>> {
  const endsAt = now + length
  const counted = jsonOf(requests, count => count > 0)
  const given = jsonOf(requests, count => count < 0)
  const read = jsonOf(requests, count => count <= 0)
  if (given !== '{}') await rows('give_back', sql.giveBack, { requests: given, now, endsAt })
  const found = [
    ...(read === '{}'
      ? []
      : await rows('read_counters', sql.readCounters, { requests: read, now })),
    ...(counted === '{}'
      ? []
      : await rows('increment', sql.increment, {
        requests: counted, now, endsAt, tooFar: endsAt + MAX_WINDOW_MS
      }))
  ]
  return new Map([
    ...[...requests.keys()].map((key): [string, Counter] => [key, { current: 0, ttl: 0 }]),
    ...found.map(({ key, count, ends_at: endsAt }): [string, Counter] => [
      key,
      { current: Number(count), ttl: Number(endsAt) - now }
    ])
  ])
}

const jsonOf = (
  requests: ReadonlyMap<string, number>, matches: (count: number) => boolean
): string => JSON.stringify(Object.fromEntries([...requests].filter(([, count]) => matches(count))))
