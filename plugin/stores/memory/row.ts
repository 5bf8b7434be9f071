import type { Session } from '../session.ts'

/**
 * A session as the store keeps it. V8 keeps a number beyond 31 bits, such as a time, in an object
 * of 16 bytes, but a small one in the row itself.
 */
export interface Row extends Omit<Session, 'rotatedAt'> {
  /** `rotatedAt` minus `issuedAt`, or null. */
  rotatedAfter: number | null
}

/** Each member has a name here, because a spread may keep a shape that takes more memory. */
export const rowOf = (session: Session, userAgent: string | null): Row => ({
  sid: session.sid,
  userId: session.userId,
  jti: session.jti,
  previousJti: session.previousJti,
  issuedAt: session.issuedAt,
  rotatedAfter: session.rotatedAt === null ? null : session.rotatedAt - session.issuedAt,
  expiresAt: session.expiresAt,
  createdAt: session.createdAt,
  endsAt: session.endsAt,
  revokedAt: session.revokedAt,
  adoptedUntil: session.adoptedUntil,
  accessLifetime: session.accessLifetime,
  userAgent,
  address: session.address,
  rotatedUserAgent: session.rotatedUserAgent,
  rotatedAddress: session.rotatedAddress,
  clientId: session.clientId,
  scope: session.scope
})

export const sessionOf = (row: Row): Session => ({
  sid: row.sid,
  userId: row.userId,
  jti: row.jti,
  previousJti: row.previousJti,
  issuedAt: row.issuedAt,
  rotatedAt: row.rotatedAfter === null ? null : row.issuedAt + row.rotatedAfter,
  expiresAt: row.expiresAt,
  createdAt: row.createdAt,
  endsAt: row.endsAt,
  revokedAt: row.revokedAt,
  adoptedUntil: row.adoptedUntil,
  accessLifetime: row.accessLifetime,
  userAgent: row.userAgent,
  address: row.address,
  rotatedUserAgent: row.rotatedUserAgent,
  rotatedAddress: row.rotatedAddress,
  clientId: row.clientId,
  scope: row.scope
})
