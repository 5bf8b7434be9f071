/**
 * One login, and all tokens that descend from it (a token family). There is one row per login,
 * never one per token: refreshing changes the row in place. It holds ids, no token and nothing that
 * opens anything. All times are in milliseconds since the epoch.
 */
export interface Session {
  /** Session id: the `sid` claim of every token of the family. */
  sid: string
  userId: string
  /** `jti` of the one refresh token that is good now. */
  jti: string
  /** `jti` of the refresh token that was spent last, or null before the first rotation. */
  previousJti: string | null
  /** When the current refresh token was issued: its `iat`. */
  issuedAt: number
  /** When the session was refreshed last, or null. */
  rotatedAt: number | null
  /** When the current refresh token expires: its `exp`. Never after `endsAt`. */
  expiresAt: number
  createdAt: number
  /** The absolute end, which no refresh moves. */
  endsAt: number
  /** When the session was ended before its time, or null. */
  revokedAt: number | null
  /**
   * For an adopted session, when the token that it was adopted from expires: the row is kept until
   * then. Else null.
   */
  adoptedUntil: number | null
  userAgent: string | null
  address: string | null
}

/** Whether the tokens of a session are still good at `now`. */
export function isLive (session: Session, now: number): boolean {
  return session.revokedAt === null && now < session.expiresAt && now < session.endsAt
}

/**
 * Whether a token is the one that was spent last, less than `reuseInterval` ago, so that it still
 * answers.
 */
export function isReplay (
  session: Session, presented: string, now: number, reuseInterval: number
): boolean {
  return (
    session.previousJti === presented &&
    session.rotatedAt !== null &&
    now - session.rotatedAt < reuseInterval
  )
}

/**
 * Whether a session was over before `before` and nothing can bring it back, so that its row may go.
 */
export function isOver (session: Session, before: number): boolean {
  return overAt(session) < before
}

/**
 * When a session is over and its row no longer needed: it has ended, and it cannot be adopted
 * again.
 */
export function overAt ({ revokedAt, expiresAt, endsAt, adoptedUntil }: Session): number {
  return Math.max(Math.min(revokedAt ?? Infinity, expiresAt, endsAt), adoptedUntil ?? -Infinity)
}
