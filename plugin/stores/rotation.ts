import { type Session, isLive, isReplay } from './session.ts'

/** One presentation of a refresh token: the argument of `SessionStore.rotate`. */
export interface Rotation {
  sid: string
  /** The `jti` of the presented refresh token. */
  presented: string
  /**
   * The successor, which becomes current if the presented token is current now. The store lowers
   * `expiresAt` to the session's `endsAt`.
   */
  next: { jti: string, issuedAt: number, expiresAt: number }
  now: number
  /** Milliseconds for which the token just spent still answers. */
  reuseInterval: number
  /**
   * The time at which the caller times out, by the caller's `Date.now()`. The call must not take
   * effect later, however long it was queued. A store on another machine checks its own clock, so
   * it must know the difference.
   */
  deadline: number
}

/**
 * The outcome of a presentation:
 * - `rotated`: the token was current; `next` is current now. A driver may send one call twice: the
 *   second is the same rotation.
 * - `replayed`: the last rotation spent the token less than `reuseInterval` ago. No change.
 * - `reused`: the token is any other of a live session. The same step revokes the session.
 * - `ended`: the session is revoked, expired or unknown. No change.
 */
export type RotationOutcome = 'rotated' | 'replayed' | 'reused' | 'ended'

/** The outcome, and the row after the step. The row is null only if the session is unknown. */
export interface RotationResult { outcome: RotationOutcome, session: Session | null }

/**
 * Returns the outcome if the row stays as it is. Returns undefined if the row must change: the
 * store then spends the current token, or revokes the session for the reuse of any other.
 */
export function decideRotation (
  session: Session | null, { presented, next, now, reuseInterval }: Rotation
): Exclude<RotationOutcome, 'reused'> | undefined {
  if (session === null || !isLive(session, now)) return 'ended'
  if (session.jti === next.jti) return 'rotated'
  if (isReplay(session, presented, now, reuseInterval)) return 'replayed'
  return undefined
}

/** Call inside the atomic step of a store in this process. @throws Error after the deadline */
export function checkDeadline (deadline = Infinity): void {
  if (Date.now() > deadline) throw new Error('The deadline of this call has passed.')
}
