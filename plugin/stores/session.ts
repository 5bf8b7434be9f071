/**
 * One login and its token family. There is one row per login, never one per token: a refresh
 * changes the row in place. The row holds ids, but no token and no other credential. All times are
 * in milliseconds since the epoch.
 */
export interface Session {
  /** Session id: the `sid` claim of every token of the family. */
  sid: string
  userId: string
  /** `jti` of the current refresh token. */
  jti: string
  /** `jti` of the last spent refresh token, or null before the first rotation. */
  previousJti: string | null
  /** `iat` of the current refresh token. */
  issuedAt: number
  /** Time of the last refresh, or null. */
  rotatedAt: number | null
  /** `exp` of the current refresh token. Never after `endsAt`. */
  expiresAt: number
  createdAt: number
  /** Absolute expiry, which no refresh moves. */
  endsAt: number
  /** Time of revocation, or null. */
  revokedAt: number | null
  /** Expiry of the token that the session was adopted from, or null. The row is kept until then. */
  adoptedUntil: number | null
  userAgent: string | null
  address: string | null
}

/** Returns whether the tokens of a session are good at `now`. */
export function isLive (session: Session, now: number): boolean {
  return session.revokedAt === null && now < session.expiresAt && now < session.endsAt
}

/** Returns whether a token is the last one spent, less than `reuseInterval` ago. */
export function isReplay (
  session: Session, presented: string, now: number, reuseInterval: number
): boolean {
  return (
    session.previousJti === presented &&
    session.rotatedAt !== null &&
    now - session.rotatedAt < reuseInterval
  )
}

/** Returns whether a sweep may delete the row: it is no longer needed since before `before`. */
export function isOver (session: Session, before: number): boolean {
  return overAt(session) < before
}

/** Returns the time from which the row is not needed: revoked or expired, and not adoptable. */
export function overAt ({ revokedAt, expiresAt, endsAt, adoptedUntil }: Session): number {
  return Math.max(Math.min(revokedAt ?? Infinity, expiresAt, endsAt), adoptedUntil ?? -Infinity)
}
