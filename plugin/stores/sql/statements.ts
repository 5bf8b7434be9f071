import type { Session } from '../session.ts'

/** A row of the sessions table. Drivers return numbers as number, bigint or text. */
export interface SessionRow {
  sid: string
  user_id: string
  jti: string
  previous_jti: string | null
  issued_at: number | bigint | string
  rotated_at: number | bigint | string | null
  expires_at: number | bigint | string
  created_at: number | bigint | string
  ends_at: number | bigint | string
  revoked_at: number | bigint | string | null
  adopted_until: number | bigint | string | null
  user_agent: string | null
  address: string | null
}

const orNull = (time: number | bigint | string | null): number | null =>
  time === null ? null : Number(time)

export function sessionOf (row: SessionRow): Session {
  return {
    sid: row.sid,
    userId: row.user_id,
    jti: row.jti,
    previousJti: row.previous_jti,
    issuedAt: Number(row.issued_at),
    rotatedAt: orNull(row.rotated_at),
    expiresAt: Number(row.expires_at),
    createdAt: Number(row.created_at),
    endsAt: Number(row.ends_at),
    revokedAt: orNull(row.revoked_at),
    adoptedUntil: orNull(row.adopted_until),
    userAgent: row.user_agent,
    address: row.address
  }
}

/**
 * Returns the table prefix, such as `simplejwt_` or, with a schema, `auth.staff_`.
 * @throws TypeError if the name would need quotes
 */
export function checkedPrefix (prefix: string): string {
  if (/^([a-z_][a-z0-9_]{0,23}\.)?[a-z_][a-z0-9_]{0,23}$/.test(prefix)) return prefix
  throw new TypeError(
    'fastify-simplejwt: the table prefix must be lower-case letters, digits and underscores, ' +
      'such as "simplejwt_" or "auth.simplejwt_".'
  )
}

/**
 * Differences between the two SQL dialects: the clause that locks rows before a LIMIT, and the
 * function that returns the members of a JSON object as rows.
 */
export interface Dialect { lockRows: '' | ' FOR UPDATE', members: 'json_each' | 'json_each_text' }
export const SQLITE: Dialect = { lockRows: '', members: 'json_each' }
export const POSTGRES: Dialect = { lockRows: ' FOR UPDATE', members: 'json_each_text' }

/** The session statements for both dialects, with named parameters. Times are in milliseconds. */
export function statements (prefix: string, { lockRows }: Dialect) {
  const sessions = `${prefix}sessions`
  const insert = `INSERT INTO ${sessions} (sid, user_id, jti, previous_jti, issued_at, rotated_at, expires_at, created_at, ends_at, revoked_at, adopted_until, user_agent, address)
VALUES (:sid, :userId, :jti, :previousJti, :issuedAt, :rotatedAt, :expiresAt, :createdAt, :endsAt, :revokedAt, :adoptedUntil, :userAgent, :address)`

  return {
    create: insert,
    adopt: `${insert} ON CONFLICT (sid) DO NOTHING`,
    find: `SELECT * FROM ${sessions} WHERE sid = :sid`,

    // Spends the current token, or revokes the session for reuse. Matches no row for a repeated
    // call, a replay and an ended session.
    rotate: `UPDATE ${sessions} SET
  previous_jti = CASE WHEN jti = :presented THEN jti ELSE previous_jti END,
  rotated_at = CASE WHEN jti = :presented THEN CAST(:now AS bigint) ELSE rotated_at END,
  issued_at = CASE WHEN jti = :presented THEN CAST(:issuedAt AS bigint) ELSE issued_at END,
  expires_at = CASE WHEN jti <> :presented THEN expires_at WHEN CAST(:expiresAt AS bigint) < ends_at THEN CAST(:expiresAt AS bigint) ELSE ends_at END,
  revoked_at = CASE WHEN jti = :presented THEN NULL ELSE CAST(:now AS bigint) END,
  jti = CASE WHEN jti = :presented THEN :next ELSE jti END
WHERE sid = :sid AND revoked_at IS NULL AND CAST(:now AS bigint) < expires_at AND CAST(:now AS bigint) < ends_at AND jti <> :next
  AND (previous_jti IS NULL OR previous_jti <> :presented OR CAST(:now AS bigint) - rotated_at >= CAST(:reuseInterval AS bigint))`,

    revoke: `UPDATE ${sessions} SET revoked_at = :now WHERE sid = :sid AND revoked_at IS NULL`,
    revokeUser: `UPDATE ${sessions} SET revoked_at = :now WHERE sid IN (
  SELECT sid FROM ${sessions} WHERE user_id = :userId AND sid > :after AND revoked_at IS NULL AND sid <> :except ORDER BY sid LIMIT :most${lockRows}
) AND revoked_at IS NULL`,
    list: `SELECT * FROM ${sessions} WHERE user_id = :userId AND revoked_at IS NULL AND expires_at > :now AND ends_at > :now ORDER BY created_at, sid`,
    revokedSince: `SELECT sid, revoked_at FROM ${sessions} WHERE revoked_at >= :time`,
    over:
      '(revoked_at < :before OR expires_at < :before) AND (adopted_until IS NULL OR ' +
      'adopted_until < :before)'
  }
}

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
  address text
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
