import { storeUnavailable } from '../errors.ts'
import { inTime } from '../timeout.ts'
import type { SessionStore } from '../stores/store.ts'

/** What a call to the store may cost before it is given up. */
export interface Bounds {
  /** Milliseconds that a call may take. Default 750, which leaves a 503 within a second time for the rest of the request. */
  patience?: number
  /** Calls that may be unanswered at a time, given up or not. Default 2000. */
  most?: number
}

/** A store whose calls are bounded. */
export interface BoundedStore extends SessionStore {
  /** Says that the store behind it did not answer elsewhere: until it does, it is waited for a shorter time. */
  doubt(): void
}

/** Milliseconds for a store that has not answered since it was waited for in vain. */
const IMPATIENCE = 250
/** Milliseconds. No request waits for the feed of ended sessions, which is long after a mass logout, nor for a sweep. */
const FEED_PATIENCE = 5000
const SWEEP_PATIENCE = 60_000

/**
 * A store that answers soon or fails as a 503, whatever is wrong with the one behind it: no call is waited for longer, and no
 * more are made while too many are unanswered. What spends a token or ends a session carries the end of
 * patience as a deadline, so that a call which is late does not change anything after the client was told 503.
 */
export function boundedStore (store: SessionStore, onFailure: (verb: string, cause: Error) => void, { patience = 750, most = 2000 }: Bounds = {}): BoundedStore {
  let unanswered = 0
  let doubted = false
  const patienceNow = (): number => doubted ? Math.min(patience, IMPATIENCE) : patience

  async function counted<T> (call: () => Promise<T>): Promise<T> {
    if (unanswered >= most) throw new Error(`${most} calls are waiting for the store.`)
    unanswered++
    try {
      const answer = await call()
      doubted = false
      return answer
    } finally {
      unanswered--
    }
  }

  async function bounded<T> (verb: string, call: (deadline: number) => Promise<T>, within = patienceNow()): Promise<T> {
    try {
      return await inTime(counted(() => call(Date.now() + within)), within, 'The store')
    } catch (cause) {
      doubted = true
      onFailure(verb, cause as Error)
      throw storeUnavailable()
    }
  }

  return {
    shared: store.shared,
    doubt () { doubted = true },
    create: session => bounded('create', () => store.create(session)),
    adopt: session => bounded('adopt', () => store.adopt(session)),
    find: sid => bounded('find', () => store.find(sid)),
    rotate: rotation => bounded('rotate', deadline => store.rotate({ ...rotation, deadline })),
    revoke: (sid, now) => bounded('revoke', deadline => store.revoke(sid, now, deadline)),
    revokeUser: (userId, now, except) => bounded('revokeUser', deadline => store.revokeUser(userId, now, except, deadline)),
    list: (userId, now) => bounded('list', () => store.list(userId, now)),
    revokedSince: time => bounded('revokedSince', () => store.revokedSince(time), FEED_PATIENCE),
    sweep: before => bounded('sweep', () => store.sweep(before), SWEEP_PATIENCE)
  }
}
