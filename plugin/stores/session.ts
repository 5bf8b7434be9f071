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
  /** The longest life of an access token of the session. No refresh lowers it. */
  accessLifetime: number
  /** The client of the login. */
  userAgent: string | null
  address: string | null
  /** The client of the last refresh (`PresentingClient`), or null. */
  rotatedUserAgent: string | null
  rotatedAddress: string | null
  /** The OAuth client that the session was granted to, or null for a login of the user. */
  clientId: string | null
  /** The scopes that the client was granted, separated by spaces, or null. */
  scope: string | null
}

/**
 * `accessLifetime` of a row that an older version of this package has written, which did not know
 * it.
 */
export const UNKNOWN_ACCESS_LIFETIME_MS = 86_400_000

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
    // A clock that is set back would otherwise stretch the interval by hours.
    Math.abs(now - session.rotatedAt) < reuseInterval
  )
}

/** The members of a row that decide how long its access tokens live. */
type AccessTimes = Pick<Session, 'revokedAt' | 'expiresAt' | 'endsAt' | 'accessLifetime'>

/** Returns the time from which no access token of the session is good, whatever its revocation. */
export function lastAccessExpiry (
  { revokedAt, expiresAt, endsAt, accessLifetime }: AccessTimes
): number {
  return Math.min(Math.min(revokedAt ?? Infinity, expiresAt) + accessLifetime, endsAt)
}

/** Returns whether a sweep may delete the row: it is no longer needed since before `before`. */
export function isOver (session: Parameters<typeof overAt>[0], before: number): boolean {
  return overAt(session) < before
}

/** Returns the time from which the row is not needed: no token of it is good or adoptable. */
export function overAt (session: AccessTimes & Pick<Session, 'adoptedUntil'>): number {
  return Math.max(lastAccessExpiry(session), session.adoptedUntil ?? -Infinity)
}
