import type { Rotation, RotationResult } from './rotation.ts'
import type { Session } from './session.ts'

export type {
  PresentingClient, Rotation, RotationOutcome, RotationResult
} from './rotation.ts'
export { checkDeadline, decideRotation as outcomeWithoutChange } from './rotation.ts'

/**
 * A revoked session, for the revocation list of each process. `accessExpiresAt` is the time from
 * which none of its access tokens is good (`lastAccessExpiry`).
 */
export interface Revocation { sid: string, revokedAt: number, accessExpiresAt: number }

/** Requests counted for a key in its current window, and milliseconds left of the window. */
export interface Counter { current: number, ttl: number }

/** Request counters that all processes share. */
export interface Counters {
  /**
   * Adds a number of requests to each key, each key in one atomic step. `length` is the length of a
   * new window in milliseconds; an open window keeps its end. Resolves to the counter of each key.
   * A count of 0 only reads, and leaves no trace. A negative count gives requests back to a window
   * that is open and ends within `length`: never below 0, and it opens no window.
   */
  increment(
    requests: ReadonlyMap<string, number>, length: number, now: number
  ): Promise<ReadonlyMap<string, Counter>>
}

/**
 * The place where sessions live. Each method is one atomic step for one session. A store throws
 * only when it is unreachable or broken, never to say "unknown". The caller answers a throw or a
 * timeout with a 503.
 *
 * A session is **live** while `revokedAt` is null and `now` is before both `expiresAt` and
 * `endsAt`.
 */
export interface SessionStore {
  /** True if other processes see the same sessions. */
  readonly shared: boolean

  /**
   * Shared counters for the limits of the token routes. Without them each process has separate
   * counters.
   */
  readonly counters?: Counters

  /** Stores a new session. */
  create(session: Session): Promise<void>

  /** Stores a session unless one with its `sid` exists. */
  adopt(session: Session): Promise<void>

  /** Returns the session, live or not, or null. */
  find(sid: string): Promise<Session | null>

  /**
   * Exchanges the current refresh token for the next: **the** atomic step. Of any number of
   * simultaneous presentations of one token exactly one is `rotated`. After its deadline a call
   * throws and changes nothing.
   */
  rotate(rotation: Rotation): Promise<RotationResult>

  /**
   * Revokes a session. Returns true if this call set `revokedAt`, false if it was set before or the
   * session is unknown. `revokedAt` never moves. After its deadline (as in `Rotation`) a call
   * throws and changes nothing: other processes poll only recent revocations.
   */
  revoke(sid: string, now: number, deadline?: number): Promise<boolean>

  /**
   * Revokes the sessions of a user except `except`. Returns the ids that this call revoked. Revokes
   * also a session whose refresh token has expired, since its last access token may still be valid.
   * At its deadline it throws; the sessions revoked so far stay revoked.
   */
  revokeUser(userId: string, now: number, except?: string, deadline?: number): Promise<string[]>

  /** Returns the live sessions of a user, oldest first. */
  list(userId: string, now: number): Promise<Session[]>

  /** Returns the sessions revoked at `time` or later. Repeats do no harm. */
  revokedSince(time: number): Promise<Revocation[]>

  /**
   * Deletes the sessions that are revoked or expired, and whose last access token had expired
   * before `before` (`overAt`). Returns their number. Keeps an adopted session until
   * `adoptedUntil`, or its token could be adopted again. A store on another machine converts
   * `before` to its own clock.
   */
  sweep(before: number): Promise<number>

  /**
   * Checks that the app may write to the store, and leaves no trace. Throws if it may not. Returns
   * warnings about settings of the server that can undo a logout. The plugin calls it at the start
   * of an app that issues tokens.
   */
  check?(): Promise<string[]>

  /** Creates missing tables. The app may call it repeatedly, from any number of processes. */
  migrate?(): Promise<void>

  /** Releases the store's timers and listeners. The client that the host made stays open. */
  close?(): Promise<void>
}
