import { type Session, isLive, isReplay } from './session.ts'

/**
 * The client that presents a refresh token: its user agent (`''` if it sends none), and its
 * address, an IPv6 one as its /64. A null member is unknown, and equals every other.
 */
export interface PresentingClient { userAgent: string | null, address: string | null }

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
  /** Milliseconds for which the token just spent still answers the client that spent it. */
  reuseInterval: number
  client: PresentingClient
  /** True: the token just spent answers only the address of the rotation. */
  sameAddress: boolean
  /** The life of the access token that the caller issues. Raises the row's `accessLifetime`. */
  accessLifetime: number
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
 * - `replayed`: the last rotation spent the token less than `reuseInterval` ago, and the same
 *   client presents it: the same user agent, with `sameAddress` also the same address. No change.
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
  session: Session | null, rotation: Rotation
): Exclude<RotationOutcome, 'reused'> | undefined {
  const { presented, next, now, reuseInterval } = rotation
  if (session === null || !isLive(session, now)) return 'ended'
  if (session.jti === next.jti) return 'rotated'
  if (isReplay(session, presented, now, reuseInterval) && isSameClient(session, rotation)) {
    return 'replayed'
  }
  return undefined
}

/** Returns whether a client may be the one that made the last rotation. */
export function isSameClient (
  { rotatedUserAgent, rotatedAddress }: Pick<Session, 'rotatedUserAgent' | 'rotatedAddress'>,
  { client, sameAddress }: Pick<Rotation, 'client' | 'sameAddress'>
): boolean {
  return isSame(rotatedUserAgent, client.userAgent) &&
    (!sameAddress || isSame(rotatedAddress, client.address))
}

const isSame = (known: string | null, presented: string | null): boolean =>
  known === null || presented === null || known === presented

/** Call inside the atomic step of a store in this process. @throws Error after the deadline */
export function checkDeadline (deadline = Infinity): void {
  if (Date.now() > deadline) throw new Error('The deadline of this call has passed.')
}
