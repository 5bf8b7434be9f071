import { type Session, isLive, isReplay } from './session.ts'

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
  /**
   * When the caller gives up, by the caller's Date.now() (whatever `now` says): the call must not take effect after it,
   * however long it has waited. A store on another machine looks at its own clock, and so has to know how far that is off.
   */
  deadline: number
}

/**
 * What a presentation comes to:
 * - `rotated`: it was the current token; `next` is current now. The same call once more (drivers resend) is the same rotation.
 * - `replayed`: it was spent by the last rotation, less than `reuseInterval` ago; nothing changed.
 * - `reused`: it is another token of a live session; the session was ended in the same step.
 * - `ended`: the session is revoked, expired or unknown; nothing changed.
 */
export type RotationOutcome = 'rotated' | 'replayed' | 'reused' | 'ended'

/** Outcome, and the row as the step left it (null only if the session is unknown). */
export interface RotationResult { outcome: RotationOutcome, session: Session | null }

/** What a presentation comes to if it leaves the row as it is. Undefined if it changes the row: it spends the token, or it is reuse. */
export function outcomeWithoutChange (session: Session | null, { presented, next, now, reuseInterval }: Rotation): Exclude<RotationOutcome, 'reused'> | undefined {
  if (session === null || !isLive(session, now)) return 'ended'
  if (session.jti === next.jti) return 'rotated'
  if (isReplay(session, presented, now, reuseInterval)) return 'replayed'
  return undefined
}

/** For a store in this process, inside the step. @throws Error if the caller has given up */
export function checkDeadline (deadline = Infinity): void {
  if (Date.now() > deadline) throw new Error('The deadline of this call has passed.')
}

/** An ended session, for the list of ended sessions that each process keeps. */
export interface Revocation { sid: string, revokedAt: number }

/** What the requests of a key have come to in its window, and what is left of the window, in milliseconds. */
export interface Counter { current: number, ttl: number }

/** Where requests are counted for all processes: the Redis client, which @fastify/rate-limit knows how to count in, or a verb. */
export type Counters =
  | { redis: object, prefix: string }
  /**
   * Counts requests, so many for each key, each key in one atomic step, in windows of `length` milliseconds; a window that goes on
   * ends when it was to. Resolves to the counter of each key. A count of 0 only asks, and leaves no trace.
   */
  | { increment(requests: ReadonlyMap<string, number>, length: number, now: number): Promise<ReadonlyMap<string, Counter>> }

/**
 * Where sessions live. Every verb is one atomic step for one session; a store throws only when it is out of reach or
 * broken, and never to say "unknown". Whoever calls it turns a throw, or a second without an answer, into a 503.
 *
 * A session is **live** while `revokedAt` is null and `now` is before both `expiresAt` and `endsAt`.
 */
export interface SessionStore {
  /** True if other processes see the same sessions. */
  readonly shared: boolean

  /** Counters that the processes share, for the limits of the token routes. Without them each process counts for itself. */
  readonly counters?: Counters

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

  /**
   * Ends a session. True if this call set `revokedAt`, false if it was set before or the session is unknown; it never moves. A
   * call that could take effect only after its deadline (as in `Rotation`) throws, and changes nothing: other processes look for
   * ends of the last seconds only.
   */
  revoke(sid: string, now: number, deadline?: number): Promise<boolean>

  /**
   * Ends the sessions of a user but `except`, and resolves to the ids of those that this call ended. One whose refresh
   * token has expired is ended too: its last access token may be good yet. At its deadline it throws, with those ended that it came to.
   */
  revokeUser(userId: string, now: number, except?: string, deadline?: number): Promise<string[]>

  /** The live sessions of a user, oldest first. */
  list(userId: string, now: number): Promise<Session[]>

  /** Sessions revoked at `time` or later. One that is told twice does no harm. */
  revokedSince(time: number): Promise<Revocation[]>

  /**
   * Deletes the sessions that were over before `before` (revoked, expired or ended), and resolves to their number.
   * A session that was adopted is kept until `adoptedUntil` has passed too, or its token could be adopted again.
   */
  sweep(before: number): Promise<number>

  /** Creates the tables that the store needs, where it needs any. The app calls it, any number of times, from any number of processes. */
  migrate?(): Promise<void>

  /** Lets go of timers and listeners of the store's own; the client that the host made stays open. */
  close?(): Promise<void>
}
