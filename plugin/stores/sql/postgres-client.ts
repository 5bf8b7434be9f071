import { setTimeout as delay } from 'node:timers/promises'
import { checkedDriver } from '../checked-driver.ts'

type Scalar = string | number | null
/** A parameter. pg sends an array as one of PostgreSQL. */
export type Value = Scalar | Scalar[]

/** A query of pg. The server parses a named one once for each connection. */
export interface PostgresQuery {
  name?: string
  text: string
  values?: Value[]
  query_timeout?: number
}

/** The members of a pg `Pool` that the store uses. */
export interface PostgresPool {
  query(query: PostgresQuery): Promise<{ rows: unknown[], rowCount: number | null }>
  on(event: 'error', listener: (error: Error) => void): unknown
  listenerCount(event: 'error'): number
}

/** A statement with named parameters, such as `:sid`. */
export interface Statement {
  verb: string
  text: string
  parameters: Record<string, Value>
  timeoutMs?: number
}

/** Query timeout. pg then closes the connection, which may be dead. */
const QUERY_TIMEOUT_MS = 700
/** Attempts for a statement that conflicts with others. */
const MAX_ATTEMPTS = 10

/**
 * Returns a function that runs prepared statements on a pool. Their names start with `prefix`.
 * @throws TypeError for an object that is no pool of pg
 */
export function postgresClient (pool: PostgresPool, prefix: string) {
  checkedDriver('postgresStore', pool)
  if (pool.listenerCount('error') === 0) pool.on('error', () => {})
  /** The statements so far. A store has few. */
  const known = new Map<string, Numbered>()

  function numbered (text: string): Numbered {
    const found = known.get(text) ?? numberParameters(text)
    known.set(text, found)
    return found
  }

  return async function run<Row> ({
    verb, text, parameters, timeoutMs = QUERY_TIMEOUT_MS
  }: Statement): Promise<{ rows: Row[], rowCount: number }> {
    const statement = numbered(text)
    const query = {
      name: `${prefix}${verb}`,
      text: statement.text,
      values: statement.names.map(name => storable(parameters[name] as Value)),
      query_timeout: timeoutMs
    }
    let attempt = 0
    for (;;) {
      try {
        return await pool.query(query) as { rows: Row[], rowCount: number }
      } catch (error) {
        if (!isConflict(error) || ++attempt === MAX_ATTEMPTS) throw withHint(error)
        await delay(10 * attempt * Math.random())
      }
    }
  }
}

/** A statement with numbered parameters, and the name of each. */
interface Numbered { text: string, names: string[] }

/** Replaces named parameters, such as `:sid`, by numbers: the first name is `$1`. */
function numberParameters (text: string): Numbered {
  const names = [...new Set([...text.matchAll(/:(\w+)/g)].map(match => match[1] as string))]
  return {
    text: text.replaceAll(/:(\w+)/g, (_match, name) => `$${names.indexOf(name) + 1}`), names
  }
}

/**
 * PostgreSQL's text type cannot hold NUL, so no session has an id with one. The replacement keeps
 * such an id unknown.
 */
const storable = (value: Value): Value =>
  Array.isArray(value) ? value.map(storableText) : storableText(value)

const storableText = (value: Scalar): Scalar =>
  typeof value === 'string' ? value.replaceAll('\0', '\ufffd') : value

/** Returns PostgreSQL's code of an error, such as `40001`. */
export const codeOf = (error: unknown): string | undefined => (error as { code?: string }).code

/** Returns whether a serialization failure or a deadlock rolled a statement back. Retry it then. */
const isConflict = (error: unknown): boolean =>
  codeOf(error) === '40001' || codeOf(error) === '40P01'

function withHint (error: unknown): unknown {
  return codeOf(error) === '42P01'
    ? new Error(
        `${(error as Error).message}. Call the store's migrate() before the app starts, or ` +
          'create its tables.',
        { cause: error }
    )
    : error
}
