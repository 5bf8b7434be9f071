import { codeOf } from './postgres-client.ts'

/** The server's time in milliseconds. */
export const CLOCK = 'CAST(extract(epoch FROM clock_timestamp()) * 1000 AS bigint)'

const TOO_LATE = 'The deadline of this call has passed.'

/**
 * Returns an expression that fails the statement after its deadline, so nothing changes.
 * @param deadline a parameter or a column
 */
// The cast of a text fails the statement with the code 22P02.
export const unlessLate = (deadline: string): string =>
  `CAST(CASE WHEN ${CLOCK} <= ${deadline} THEN '1' ELSE '${TOO_LATE}' END AS integer)`

/** Returns a RETURNING clause that fails the statement after its deadline. */
// PostgreSQL evaluates RETURNING after it has waited for locked rows, but WHERE may run before.
export const returningBeforeDeadline = (columns: string): string =>
  `RETURNING ${columns}, ${unlessLate(':deadline')} AS in_time`

/** Returns whether the deadline failed a statement: CAST rejects the text with 22P02. */
export const isTooLate = (error: unknown): boolean =>
  codeOf(error) === '22P02' && (error as Error).message.includes(TOO_LATE)
