import type { Statement, Value } from './postgres-client.ts'
import { POSTGRES, statements } from './statements.ts'
import { counterStatements } from './counters.ts'

/** No request waits for a sweep. */
const TIMEOUT_MS = 30_000
/** Counters per statement, so that it holds their locks only briefly. */
const BATCH_SIZE = 1000
/** Pages of the table per statement: about 3,500 sessions, in pages of 8 KiB. */
const PAGES = 200

/** Runs a statement of the store. */
type Run = <Row>(statement: Statement) => Promise<{ rows: Row[], rowCount: number }>

/**
 * Returns a function that deletes sessions and counters which were over at a time, in milliseconds
 * by the server's clock. It returns the number of sessions.
 */
// A table of 100 million sessions takes longer to read than one statement may run. Each statement
// therefore reads its own pages, so that the whole table is read once (a TID range scan).
export function sweepPostgres (run: Run, prefix: string): (before: number) => Promise<number> {
  const { over } = statements(prefix, POSTGRES)
  const { sweepCounters } = counterStatements(prefix, POSTGRES)
  const pagesOf = `SELECT pg_relation_size('${prefix}sessions') / CAST(current_setting('block_size') AS bigint) AS pages`
  const sweep = `DELETE FROM ${prefix}sessions WHERE ctid >= CAST(:from AS tid) AND ctid < CAST(:upTo AS tid) AND ${over}`

  async function deleted (
    verb: string, text: string, parameters: Record<string, Value>
  ): Promise<number> {
    return (await run({ verb, text, parameters, timeoutMs: TIMEOUT_MS })).rowCount
  }

  return async before => {
    const counters = { before, most: BATCH_SIZE }
    while (await deleted('sweep_counters', sweepCounters, counters) === BATCH_SIZE);
    const { rows } = await run<{ pages: string }>({ verb: 'pages', text: pagesOf, parameters: {} })
    const end = Number(rows[0]?.pages)
    let total = 0
    for (let page = 0; page < end; page += PAGES) {
      const part = { before, from: `(${page},0)`, upTo: `(${page + PAGES},0)` }
      total += await deleted('sweep', sweep, part)
    }
    return total
  }
}
