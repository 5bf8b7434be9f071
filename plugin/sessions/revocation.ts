import type { Session } from '../stores/session.ts'
import type { SessionStore } from '../stores/store.ts'

/** The recently revoked sessions. The guard checks this list instead of the store. */
export interface Revocations {
  /** Adds a revoked session. This process refuses its access tokens from now on. */
  add(sid: string, revokedAt: number): void
  has(sid: string): boolean
  /** Loads revocations from before this process started. Then polls a store that is shared. */
  start(): Promise<void>
  stop(): void
  /** Removes the sessions whose last access token has expired. */
  prune(): void
}

/** Options of the list. Times in milliseconds. */
export interface RevocationOptions {
  store: SessionStore
  interval: number
  /** Time that an access token can outlive its session: its lifetime plus the leeway. */
  accessTokenLifetime: number
  now: () => number
}

/** Tolerated difference between the clocks of two processes. */
const CLOCK_OVERLAP_MS = 10_000

export function createRevocations (
  { store, interval, accessTokenLifetime, now }: RevocationOptions
): Revocations {
  const revokedAtBySid = new Map<string, number>()
  let timer: NodeJS.Timeout | undefined
  let stopped = false
  let readUntil = now() - accessTokenLifetime

  const add = (sid: string, revokedAt: number): void => { revokedAtBySid.set(sid, revokedAt) }

  async function read (): Promise<void> {
    const startedAt = now()
    const revoked = await store.revokedSince(readUntil - CLOCK_OVERLAP_MS)
    for (const { sid, revokedAt } of revoked) add(sid, revokedAt)
    readUntil = startedAt
  }

  // A query takes time. Polling at 0.8 x interval delivers revocations within `interval`.
  function readLater (): void {
    if (stopped) return
    timer = setTimeout(() => { read().catch(() => {}).finally(readLater) }, interval * 0.8)
    timer.unref()
  }

  return {
    add,
    has: sid => revokedAtBySid.has(sid),
    async start () {
      await read()
      if (store.shared) readLater()
    },
    stop () {
      stopped = true
      clearTimeout(timer)
    },
    prune () {
      const before = now() - accessTokenLifetime - CLOCK_OVERLAP_MS
      for (const [sid, revokedAt] of revokedAtBySid) {
        if (revokedAt < before) revokedAtBySid.delete(sid)
      }
    }
  }
}

/**
 * Returns whether the session of an access token is revoked. A token without `sid` belongs to no
 * session. Returns a promise only with `revocation: 'store'`.
 */
export type IsRevoked = (token: { readonly sid?: string | undefined }) => boolean | Promise<boolean>

/** Builds the check for the option `revocation`. */
export function createIsRevoked (
  revocation: 'list' | 'store' | 'off',
  list: Pick<Revocations, 'has'>,
  sessions: { find(sid: string): Promise<Session | null> }
): IsRevoked {
  if (revocation === 'off') return () => false
  if (revocation === 'list') return ({ sid }) => sid !== undefined && list.has(sid)
  const isRevokedInStore = async (sid: string): Promise<boolean> => {
    const session = await sessions.find(sid)
    return session === null || session.revokedAt !== null
  }
  return ({ sid }) => sid !== undefined && isRevokedInStore(sid)
}
