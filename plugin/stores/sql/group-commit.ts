import { LOCK_TIMEOUT_MS, type SqliteError, isOfOneCall, whenFree } from './sqlite-lock.ts'

/** Fake timers of a test must not stop the store, so the real one is kept. */
const { setImmediate } = globalThis

/** Resolves after the poll phase, in which Node reads all sockets that are readable. */
const afterPoll = () => new Promise<void>(resolve => { setImmediate(resolve) })

/** Calls that one transaction takes, so that it does not block the event loop for long. */
const MAX_GROUP = 256

/** The outcome of one call of a group. */
type Outcome = { value: unknown } | { error: unknown }

interface Waiting {
  call: () => unknown
  arrivedAt: number
  resolve(value: never): void
  reject(error: unknown): void
}

/** Runs a call in the next transaction. Resolves to its result once that is committed. */
export type InGroup = <Result>(call: () => Result) => Promise<Result>

/**
 * Commits the calls that arrive in one turn of the event loop together: with `synchronous = FULL` a
 * commit costs more than all of them. A slow disk makes the next group larger. One call alone needs
 * no transaction.
 * @param exec runs a statement, such as BEGIN
 */
export function createGroupCommit (exec: (sql: string) => void): InGroup {
  let waiting: Waiting[] = []
  let isRunning = false

  async function run (): Promise<void> {
    isRunning = true
    while (waiting.length > 0) {
      await afterPoll()
      const group = waiting.slice(0, MAX_GROUP)
      waiting = waiting.slice(MAX_GROUP)
      await settle(group, exec)
    }
    isRunning = false
  }

  return call => new Promise((resolve, reject) => {
    waiting.push({ call, arrivedAt: Date.now(), resolve, reject })
    if (!isRunning) run()
  })
}

/** Settles each call of a group, after the commit. */
async function settle (group: Waiting[], exec: (sql: string) => void): Promise<void> {
  const newest = group.at(-1) as Waiting
  try {
    // The calls that waited for the group before have waited for its lock too.
    const outcomes = await whenFree(
      () => group.length === 1 ? [{ value: newest.call() }] : transact(group, exec),
      newest.arrivedAt + LOCK_TIMEOUT_MS)
    for (const [index, { resolve, reject }] of group.entries()) {
      const outcome = outcomes[index] as Outcome
      if ('error' in outcome) reject(outcome.error)
      else resolve(outcome.value as never)
    }
  } catch (error) {
    for (const { reject } of group) reject(error)
  }
}

/**
 * Runs the calls in one transaction. A call that throws fails alone, unless the file is at fault.
 * @throws the error of the file. Nothing is committed then
 */
function transact (group: Waiting[], exec: (sql: string) => void): Outcome[] {
  exec('BEGIN IMMEDIATE')
  try {
    const outcomes = group.map(outcomeOf)
    exec('COMMIT')
    return outcomes
  } catch (error) {
    rollBack(exec)
    throw error
  }
}

function outcomeOf ({ call }: Waiting): Outcome {
  try {
    return { value: call() }
  } catch (error) {
    if (!isOfOneCall(error as SqliteError)) throw error
    return { error }
  }
}

/** SQLite may have ended the transaction itself, and then refuses the ROLLBACK. */
function rollBack (exec: (sql: string) => void): void {
  try {
    exec('ROLLBACK')
  } catch {}
}
