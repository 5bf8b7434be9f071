import type { Session } from '../session.ts'

/** The fields of a session's hash, in the order of a query. A null member has no field. */
export const FIELDS = [
  'sid', 'userId', 'jti', 'previousJti', 'issuedAt', 'rotatedAt', 'expiresAt', 'createdAt',
  'endsAt', 'revokedAt', 'adoptedUntil', 'userAgent', 'address'
] as const

/** The values of FIELDS, in their order. */
export type Row = [
  sid: string | null,
  userId: string,
  jti: string,
  previousJti: string | null,
  issuedAt: string,
  rotatedAt: string | null,
  expiresAt: string,
  createdAt: string,
  endsAt: string,
  revokedAt: string | null,
  adoptedUntil: string | null,
  userAgent: string | null,
  address: string | null
]

/** Returns the session of a row, or null if the hash is missing. */
export function sessionOf ([
  sid, userId, jti, previousJti, issuedAt, rotatedAt, expiresAt, createdAt, endsAt, revokedAt,
  adoptedUntil, userAgent, address
]: Row): Session | null {
  if (sid === null) return null
  return {
    sid,
    userId,
    jti,
    previousJti,
    issuedAt: Number(issuedAt),
    rotatedAt: orNull(rotatedAt),
    expiresAt: Number(expiresAt),
    createdAt: Number(createdAt),
    endsAt: Number(endsAt),
    revokedAt: orNull(revokedAt),
    adoptedUntil: orNull(adoptedUntil),
    userAgent,
    address
  }
}

const orNull = (time: string | null): number | null => time === null ? null : Number(time)
