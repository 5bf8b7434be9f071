/**
 * One login, and all tokens that descend from it (a token family). There is one row per login, never one per token:
 * refreshing changes the row in place. It holds ids, no token and nothing that opens anything. All times are in
 * milliseconds since the epoch.
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
  /** For an adopted session, when the token that it was adopted from expires: the row is kept until then. Else null. */
  adoptedUntil: number | null
  userAgent: string | null
  address: string | null
}

/** One presentation of a refresh token, as `rotate` is given it. */
export interface Rotation {
  sid: string
  /** `jti` of the refresh token that was presented. */
  presented: string
  /** What becomes current if the presented token is. The store lowers `expiresAt` to the session's `endsAt`. */
  next: { jti: string, issuedAt: number, expiresAt: number }
  now: number
  /** Milliseconds for which the token just spent still answers. */
  reuseInterval: number
  /** Wall-clock time (Date.now(), whatever `now` says) after which the call must not take effect, however long it has waited. */
  deadline: number
}

/**
 * What a presentation comes to:
 * - `rotated`: it was the current token; `next` is current now.
 * - `replayed`: it was spent by the last rotation, less than `reuseInterval` ago; nothing changed.
 * - `reused`: it is another token of a live session; the session was ended in the same step.
 * - `ended`: the session is revoked, expired or unknown; nothing changed.
 */
export type RotationOutcome = 'rotated' | 'replayed' | 'reused' | 'ended'

/** Outcome, and the row as the step left it (null only if the session is unknown). */
export interface RotationResult { outcome: RotationOutcome, session: Session | null }

/** An ended session, for the list of ended sessions that each process keeps. */
export interface Revocation { sid: string, revokedAt: number }

/**
 * Where sessions live. Every verb is one atomic step for one session; a store throws only when it is out of reach or
 * broken, and never to say "unknown". Whoever calls it turns a throw, or a second without an answer, into a 503.
 *
 * A session is **live** while `revokedAt` is null and `now` is before both `expiresAt` and `endsAt`.
 */
export interface SessionStore {
  /** True if other processes see the same sessions. */
  readonly shared: boolean

  /** Stores a new session. */
  create(session: Session): Promise<void>

  /** Stores a session if there is none with its `sid`; otherwise changes nothing. */
  adopt(session: Session): Promise<void>

  /** The session as it is, live or not, or null. */
  find(sid: string): Promise<Session | null>

  /**
   * Exchanges the current refresh token for the next: **the** atomic step. Of any number of simultaneous presentations
   * of one token exactly one is `rotated`. A call that could take effect only after its deadline throws, and changes nothing.
   */
  rotate(rotation: Rotation): Promise<RotationResult>

  /** Ends a session. True if this call set `revokedAt`, false if it was set before or the session is unknown; it never moves. */
  revoke(sid: string, now: number): Promise<boolean>

  /**
   * Ends the sessions of a user but `except`, and resolves to the ids of those that this call ended. One whose refresh
   * token has expired is ended too: its last access token may be good yet.
   */
  revokeUser(userId: string, now: number, except?: string): Promise<string[]>

  /** The live sessions of a user, oldest first. */
  list(userId: string, now: number): Promise<Session[]>

  /** Sessions revoked at `time` or later. One that is told twice does no harm. */
  revokedSince(time: number): Promise<Revocation[]>

  /**
   * Deletes the sessions that were over before `before` (revoked, expired or ended), and resolves to their number.
   * A session that was adopted is kept until `adoptedUntil` has passed too, or its token could be adopted again.
   */
  sweep(before: number): Promise<number>

  /** Creates the tables that the store needs, where it needs any. The app calls it, any number of times. */
  migrate?(): Promise<void>

  /** Lets go of timers and listeners of the store's own; the client that the host made stays open. */
  close?(): Promise<void>
}

/** Whether the tokens of a session are still good at `now`. */
export function isLive (session: Session, now: number): boolean {
  return session.revokedAt === null && now < session.expiresAt && now < session.endsAt
}

/** Whether a token is the one that was spent last, less than `reuseInterval` ago, so that it still answers. */
export function isReplay (session: Session, presented: string, now: number, reuseInterval: number): boolean {
  return session.previousJti === presented && session.rotatedAt !== null && now - session.rotatedAt < reuseInterval
}

/** Whether a session was over before `before` and nothing can bring it back, so that its row may go. */
export function isOver (session: Session, before: number): boolean {
  const over = Math.min(session.revokedAt ?? Infinity, session.expiresAt, session.endsAt)
  return over < before && (session.adoptedUntil ?? -Infinity) < before
}
