import type { Session } from '../stores/session.ts'
import type { Rotation, SessionStore } from '../stores/store.ts'

/** One case that every store must pass. `run` gets a fresh, empty store, and rejects on failure. */
export interface ContractCase { name: string, run(store: SessionStore): Promise<void> }

/** In milliseconds. The contract passes its own times, so no case waits for time to pass. */
export const SECOND = 1000
export const HOUR = 3600 * SECOND
export const NOW = 1_800_000_000_000
export const REUSE_INTERVAL = 10 * SECOND
export const ACCESS_LIFETIME = 300 * SECOND

/** The client that logs in and refreshes. */
export const CLIENT = { userAgent: 'contract/1', address: '192.0.2.1' }

/**
 * Returns a session of user 7 that starts at NOW and lasts 30 days. Refresh tokens last a day. The
 * first `jti` is `t0`.
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
    accessLifetime: ACCESS_LIFETIME,
    userAgent: 'contract/1',
    address: '192.0.2.1',
    rotatedUserAgent: null,
    rotatedAddress: null,
    clientId: null,
    scope: null,
    ...changes
  }
}

/** Returns the presentation of the token `presented` at `now`, with the successor `next`. */
export function presentation (
  presented: string, next: string, now = NOW, changes: Partial<Rotation> = {}
): Rotation {
  return {
    sid: 's',
    presented,
    next: { jti: next, issuedAt: now, expiresAt: now + 24 * HOUR },
    now,
    reuseInterval: REUSE_INTERVAL,
    client: CLIENT,
    sameAddress: false,
    accessLifetime: ACCESS_LIFETIME,
    deadline: Date.now() + 60 * SECOND,
    ...changes
  }
}
