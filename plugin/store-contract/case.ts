import type { Session } from '../stores/session.ts'
import type { Rotation, SessionStore } from '../stores/store.ts'

/**
 * One fact that holds of every store. `run` is given a fresh, empty store and rejects if the fact
 * does not hold.
 */
export interface ContractCase { name: string, run(store: SessionStore): Promise<void> }

/** Milliseconds. The contract has a clock of its own: nothing in it waits for time to pass. */
export const SECOND = 1000
export const HOUR = 3600 * SECOND
export const NOW = 1_800_000_000_000
export const REUSE_INTERVAL = 10 * SECOND

/**
 * A session of user 7 that starts at NOW, with refresh tokens of a day, for 30 days. Its first
 * `jti` is `t0`.
 */
export function session (changes: Partial<Session> = {}): Session {
  return {
    sid: 's',
    userId: '7',
    jti: 't0',
    previousJti: null,
    issuedAt: NOW,
    rotatedAt: null,
    expiresAt: NOW + 24 * HOUR,
    createdAt: NOW,
    endsAt: NOW + 720 * HOUR,
    revokedAt: null,
    adoptedUntil: null,
    userAgent: 'contract/1',
    address: '192.0.2.1',
    ...changes
  }
}

/** The presentation of a `jti` at a time, to be followed by `next`. */
export function presentation (
  presented: string, next: string, now = NOW, changes: Partial<Rotation> = {}
): Rotation {
  return {
    sid: 's',
    presented,
    next: { jti: next, issuedAt: now, expiresAt: now + 24 * HOUR },
    now,
    reuseInterval: REUSE_INTERVAL,
    deadline: Date.now() + 60 * SECOND,
    ...changes
  }
}
