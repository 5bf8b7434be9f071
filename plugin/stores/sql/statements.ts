import { type Session, lastAccessExpiry } from '../session.ts'
import type { Rotation } from '../rotation.ts'
import type { Revocation } from '../store.ts'

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
  access_lifetime: number | bigint | string
  user_agent: string | null
  address: string | null
  rotated_user_agent: string | null
  rotated_address: string | null
  client_id: string | null
  scope: string | null
}

/**
 * The columns of a row. A statement with `*` fails once on each connection of PostgreSQL after a
 * newer version has added a column.
 */
export const COLUMNS = 'sid, user_id, jti, previous_jti, issued_at, rotated_at, expires_at, ' +
  'created_at, ends_at, revoked_at, adopted_until, access_lifetime, user_agent, address, ' +
  'rotated_user_agent, rotated_address, client_id, scope'

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
    accessLifetime: Number(row.access_lifetime),
    userAgent: row.user_agent,
    address: row.address,
    rotatedUserAgent: row.rotated_user_agent,
    rotatedAddress: row.rotated_address,
    clientId: row.client_id,
    scope: row.scope
  }
}

/** The columns that `revokedSince` selects. */
export type RevocationRow =
  Pick<SessionRow, 'sid' | 'revoked_at' | 'expires_at' | 'ends_at' | 'access_lifetime'>

export function revocationOf (row: RevocationRow): Revocation {
  const revokedAt = Number(row.revoked_at)
  return {
    sid: row.sid,
    revokedAt,
    accessExpiresAt: lastAccessExpiry({
      revokedAt,
      expiresAt: Number(row.expires_at),
      endsAt: Number(row.ends_at),
      accessLifetime: Number(row.access_lifetime)
    })
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

/** The parameters of the statement `rotate`. */
export function rotationParameters (rotation: Rotation) {
  const { sid, presented, next, now, reuseInterval, client, sameAddress, accessLifetime } = rotation
  return {
    sid,
    presented,
    next: next.jti,
    issuedAt: next.issuedAt,
    expiresAt: next.expiresAt,
    now,
    reuseInterval,
    userAgent: client.userAgent,
    address: client.address,
    sameAddress: sameAddress ? 1 : 0,
    accessLifetime
  }
}

/** Spends the current token of a row, or revokes the session for reuse. */
export const ROTATE_SET = `SET
  previous_jti = CASE WHEN jti = :presented THEN jti ELSE previous_jti END,
  rotated_at = CASE WHEN jti = :presented THEN CAST(:now AS bigint) ELSE rotated_at END,
  issued_at = CASE WHEN jti = :presented THEN CAST(:issuedAt AS bigint) ELSE issued_at END,
  expires_at = CASE WHEN jti <> :presented THEN expires_at WHEN CAST(:expiresAt AS bigint) < ends_at THEN CAST(:expiresAt AS bigint) ELSE ends_at END,
  access_lifetime = CASE WHEN jti = :presented AND access_lifetime < CAST(:accessLifetime AS bigint) THEN CAST(:accessLifetime AS bigint) ELSE access_lifetime END,
  rotated_user_agent = CASE WHEN jti = :presented THEN CAST(:userAgent AS text) ELSE rotated_user_agent END,
  rotated_address = CASE WHEN jti = :presented THEN CAST(:address AS text) ELSE rotated_address END,
  revoked_at = CASE WHEN jti = :presented THEN NULL ELSE CAST(:now AS bigint) END,
  jti = CASE WHEN jti = :presented THEN :next ELSE jti END`

/** Matches no row for a repeated call, a replay and an ended session. */
export const ROTATE_WHERE = `WHERE sid = :sid AND revoked_at IS NULL AND CAST(:now AS bigint) < expires_at AND CAST(:now AS bigint) < ends_at AND jti <> :next
  AND (previous_jti IS NULL OR previous_jti <> :presented OR abs(CAST(:now AS bigint) - rotated_at) >= CAST(:reuseInterval AS bigint)
    OR rotated_user_agent <> CAST(:userAgent AS text) OR (CAST(:sameAddress AS integer) = 1 AND rotated_address <> CAST(:address AS text)))`

/** The session statements for both dialects, with named parameters. Times are in milliseconds. */
export function statements (prefix: string, { lockRows }: Dialect) {
  const sessions = `${prefix}sessions`
  const insert = `INSERT INTO ${sessions} (${COLUMNS})
VALUES (:sid, :userId, :jti, :previousJti, :issuedAt, :rotatedAt, :expiresAt, :createdAt, :endsAt, :revokedAt, :adoptedUntil, :accessLifetime, :userAgent, :address, :rotatedUserAgent, :rotatedAddress, :clientId, :scope)`

  return {
    create: insert,
    adopt: `${insert} ON CONFLICT (sid) DO NOTHING`,
    find: `SELECT ${COLUMNS} FROM ${sessions} WHERE sid = :sid`,

    rotate: `UPDATE ${sessions} ${ROTATE_SET}\n${ROTATE_WHERE}`,

    revoke: `UPDATE ${sessions} SET revoked_at = :now WHERE sid = :sid AND revoked_at IS NULL`,
    revokeUser: `UPDATE ${sessions} SET revoked_at = :now WHERE sid IN (
  SELECT sid FROM ${sessions} WHERE user_id = :userId AND sid > :after AND revoked_at IS NULL AND sid <> :except ORDER BY sid LIMIT :most${lockRows}
) AND revoked_at IS NULL`,
    list: `SELECT ${COLUMNS} FROM ${sessions} WHERE user_id = :userId AND revoked_at IS NULL AND expires_at > :now AND ends_at > :now ORDER BY created_at, sid`,
    revokedSince: `SELECT sid, revoked_at, expires_at, ends_at, access_lifetime FROM ${sessions} WHERE revoked_at >= :time`,
    over:
      '(revoked_at + access_lifetime < :before OR expires_at + access_lifetime < :before OR ' +
      'ends_at < :before) AND (adopted_until IS NULL OR adopted_until < :before)'
  }
}
