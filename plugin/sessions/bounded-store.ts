import { storeUnavailable } from '../errors.ts'
import type { SessionStore } from '../stores/store.ts'
import { withTimeout } from '../timeout.ts'

/** Limits of the calls to a store. */
export interface Bounds {
  /** Default 750, which leaves 250 ms of a second for the rest of the request. */
  timeoutMs?: number
  /** Unanswered calls at a time, timed out or not. Default 2000. */
  maxPending?: number
}

/** A store whose calls are bounded. */
export interface BoundedStore extends SessionStore {
  /** Shortens the timeout until the store answers. Call when its counters did not answer. */
  suspect(): void
}

/** Timeout while the store is suspected to be down. */
const SUSPECT_TIMEOUT_MS = 250
/** No request waits for the list of revocations, which is long after a mass logout. */
const FEED_TIMEOUT_MS = 5000
/** No request waits for a sweep. */
const SWEEP_TIMEOUT_MS = 60_000

/**
 * Wraps a store so that each call answers in time or fails as a 503. Refuses calls while too many
 * are pending. A call that spends a token or revokes a session carries its timeout as a deadline,
 * so a late one changes nothing after the client got a 503.
 */
export function boundedStore (
  store: SessionStore,
  onFailure: (verb: string, cause: Error) => void,
  { timeoutMs = 750, maxPending = 2000 }: Bounds = {}
): BoundedStore {
  let pending = 0
  let isSuspect = false
  const currentTimeout = (): number =>
    isSuspect ? Math.min(timeoutMs, SUSPECT_TIMEOUT_MS) : timeoutMs

  async function counted<T> (call: () => Promise<T>): Promise<T> {
    if (pending >= maxPending) throw new Error(`${maxPending} calls to the store are pending.`)
    pending++
    try {
      const answer = await call()
      isSuspect = false
      return answer
    } finally {
      pending--
    }
  }

  async function bounded<T> (
    verb: string, call: (deadline: number) => Promise<T>, within = currentTimeout()
  ): Promise<T> {
    try {
      return await withTimeout(counted(() => call(Date.now() + within)), within, 'The store')
    } catch (cause) {
      isSuspect = true
      onFailure(verb, cause as Error)
      throw storeUnavailable()
    }
  }

  return {
    shared: store.shared,
    suspect () { isSuspect = true },
    create: session => bounded('create', () => store.create(session)),
    adopt: session => bounded('adopt', () => store.adopt(session)),
    find: sid => bounded('find', () => store.find(sid)),
    rotate: rotation => bounded('rotate', deadline => store.rotate({ ...rotation, deadline })),
    revoke: (sid, now) => bounded('revoke', deadline => store.revoke(sid, now, deadline)),
    revokeUser: (userId, now, except) =>
      bounded('revokeUser', deadline => store.revokeUser(userId, now, except, deadline)),
    list: (userId, now) => bounded('list', () => store.list(userId, now)),
    revokedSince: time => bounded('revokedSince', () => store.revokedSince(time), FEED_TIMEOUT_MS),
    sweep: before => bounded('sweep', () => store.sweep(before), SWEEP_TIMEOUT_MS)
  }
}
