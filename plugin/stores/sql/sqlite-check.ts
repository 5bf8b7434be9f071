/** The members of a prepared statement that the check uses. */
interface Statement {
  all(parameters: Record<string, never>): unknown[]
  run(parameters: Record<string, never>): unknown
}

const OFF = 0
const UNSAFE = 'A crash of the machine can undo logouts and break the file, since ' +
  '"PRAGMA synchronous" is OFF. Set it to FULL.'

/**
 * Tries to write to the file. Returns warnings about settings that can lose a commit.
 * @throws Error if the file or the handle is read-only
 */
export function checkSqlite (
  prepare: (text: string) => Statement, isBusy: (error: Error) => boolean
): string[] {
  try {
    prepare('DELETE FROM simplejwt_sessions WHERE 0').run({})
  } catch (error) {
    // SQLite refuses a read-only file before it looks for locks. A lock is not a lack of rights.
    if (!isBusy(error as Error)) throw error
  }
  const [row] = prepare('PRAGMA synchronous').all({}) as { synchronous: number | bigint }[]
  return Number(row?.synchronous) === OFF ? [UNSAFE] : []
}
