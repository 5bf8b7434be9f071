import { UNKNOWN_ACCESS_LIFETIME_MS } from '../session.ts'

/** Columns of the sessions table that the first version did not have, with their types. */
const ADDED = [
  // An older worker inserts rows without these columns: each has a default.
  ['access_lifetime', `bigint NOT NULL DEFAULT ${UNKNOWN_ACCESS_LIFETIME_MS}`],
  ['rotated_user_agent', 'text'],
  ['rotated_address', 'text'],
  ['client_id', 'text'],
  ['scope', 'text']
] as const

/** The names of the columns that `addColumns` can add. */
export const ADDED_COLUMNS: readonly string[] = ADDED.map(([name]) => name)

/** Returns the SQL that adds columns to the sessions table of an older version. */
export const addColumns = (
  prefix: string, missing: readonly string[], condition: '' | ' IF NOT EXISTS' = ''
): string =>
  ADDED.filter(([name]) => missing.includes(name))
    .map(([name, type]) => `ALTER TABLE ${prefix}sessions ADD COLUMN${condition} ${name} ${type};\n`)
    .join('')

/**
 * Returns the SQL that creates missing tables. Each rotation moves `expires_at`, so an index on it
 * would cost more than a full scan once a minute. `unlogged` is PostgreSQL's keyword for a table
 * that need not survive a crash.
 */
export function tables (prefix: string, unlogged: '' | 'UNLOGGED '): string {
  const index = prefix.replace(/^.*\./, '')
  return `CREATE TABLE IF NOT EXISTS ${prefix}sessions (
  sid text PRIMARY KEY,
  user_id text NOT NULL,
  jti text NOT NULL,
  previous_jti text,
  issued_at bigint NOT NULL,
  rotated_at bigint,
  expires_at bigint NOT NULL,
  created_at bigint NOT NULL,
  ends_at bigint NOT NULL,
  revoked_at bigint,
  adopted_until bigint,
  user_agent text,
  address text,
  ${ADDED.map(([name, type]) => `${name} ${type}`).join(',\n  ')}
);
CREATE INDEX IF NOT EXISTS ${index}sessions_user_id ON ${prefix}sessions (user_id, sid);
CREATE INDEX IF NOT EXISTS ${index}sessions_revoked_at ON ${prefix}sessions (revoked_at) WHERE revoked_at IS NOT NULL;
CREATE ${unlogged}TABLE IF NOT EXISTS ${prefix}counters (
  key text PRIMARY KEY,
  count integer NOT NULL,
  ends_at bigint NOT NULL
);
CREATE INDEX IF NOT EXISTS ${index}counters_ends_at ON ${prefix}counters (ends_at);
`
}
