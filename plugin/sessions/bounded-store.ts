import { storeUnavailable } from '../errors.ts'
import type { SessionStore } from '../stores/store.ts'
import { withTimeout } from '../timeout.ts'
import { TooManyCalls, createPendingCalls } from './pending-calls.ts'

/** Limits of the calls to a store. */
export interface Bounds {
  /** Default 750, which leaves 250 ms of a second for the rest of the request. */
  timeoutMs?: number
  /** Unanswered calls at a time, timed out or not. Default 2000. */
  maxPending?: number
  /** Unanswered calls for one session, or for one user. Default 100. */
  maxPendingPerOwner?: number
  /** Running or unanswered requests of one client address. Default 200. */
  maxPendingPerAddress?: number
}

/** Runs the store work of a request. An address gets only a share of the calls to the store. */
export type StoreShare = <Result>(
  address: string | undefined, work: () => Promise<Result>
) => Promise<Result>

/** A store whose calls are bounded. */
export interface BoundedStore extends SessionStore {
  /** Shortens the timeout until the store answers. Call when its counters did not answer. */
  suspect(): void
  /** @throws SimpleJwtError 503 for an address that has used up its share */
  inShare: StoreShare
}

/** Timeout while the store is suspected to be down. */
const SUSPECT_TIMEOUT_MS = 250
/** No request waits for the list of revocations, which is long after a mass logout. */
const FEED_TIMEOUT_MS = 5000
/** No request waits for a sweep. */
const SWEEP_TIMEOUT_MS = 60_000

/**
 * Wraps a store so that each call answers in time or fails as a 503. Refuses calls while too many
 * are pending: in all, for one session or user, or for one address. A call that spends a token or
 * revokes a session carries its timeout as a deadline, so a late one changes nothing after the
 * client got a 503.
 */
export function boundedStore (
  store: SessionStore,
  onFailure: (verb: string, cause: Error) => void,
  {
    timeoutMs = 750, maxPending = 2000, maxPendingPerOwner = 100, maxPendingPerAddress = 200
  }: Bounds = {}
): BoundedStore {
  const pending = createPendingCalls({ max: maxPending, maxPerOwner: maxPendingPerOwner })
  const requests = createPendingCalls({ max: Infinity, maxPerOwner: maxPendingPerAddress })
  /** The calls that timed out, by the error of their 503. */
  const timedOut = new WeakMap<Error, Promise<unknown>>()
  let isSuspect = false
  /** The number of answers so far. */
  let answers = 0
  const currentTimeout = (): number =>
    isSuspect ? Math.min(timeoutMs, SUSPECT_TIMEOUT_MS) : timeoutMs

  async function counted<T> (owner: string | undefined, call: () => Promise<T>): Promise<T> {
    const remove = pending.add(owner)
    try {
      const answer = await call()
      answers++
      isSuspect = false
      return answer
    } finally {
      remove()
    }
  }

  async function bounded<T> (
    verb: string,
    owner: string | undefined,
    call: (deadline: number) => Promise<T>,
    within = currentTimeout()
  ): Promise<T> {
    const answersBefore = answers
    const answer = counted(owner, () => call(Date.now() + within))
    try {
      return await withTimeout(answer, within, 'The store')
    } catch (error) {
      const cause = error as Error
      // The cause is the only trace in the log: a client must not cause alarms about the store.
      if (cause instanceof TooManyCalls && cause.isOwners) throw overShare(cause)
      // A store that has answered others meanwhile is not down. One session may be slow.
      if (!(cause instanceof TooManyCalls) && answers === answersBefore) isSuspect = true
      onFailure(verb, cause)
      const refusal = storeUnavailable()
      timedOut.set(refusal, answer)
      throw refusal
    }
  }

  const inShare: StoreShare = async (address, work) => {
    const remove = addRequest(address)
    try {
      const result = await work()
      remove()
      return result
    } catch (error) {
      // A request keeps its place until the store has answered, not only until its own timeout.
      Promise.resolve(timedOut.get(error as Error)).then(remove, remove)
      throw error
    }
  }

  function addRequest (address: string | undefined): () => void {
    try {
      return requests.add(address)
    } catch (cause) {
      throw overShare(cause as Error)
    }
  }

  return {
    shared: store.shared,
    suspect () { isSuspect = true },
    inShare,
    create: session => bounded('create', session.sid, () => store.create(session)),
    adopt: session => bounded('adopt', session.sid, () => store.adopt(session)),
    find: sid => bounded('find', sid, () => store.find(sid)),
    rotate: rotation =>
      bounded('rotate', rotation.sid, deadline => store.rotate({ ...rotation, deadline })),
    revoke: (sid, now) => bounded('revoke', sid, deadline => store.revoke(sid, now, deadline)),
    revokeUser: (userId, now, except) =>
      bounded('revokeUser', ofUser(userId), deadline =>
        store.revokeUser(userId, now, except, deadline)),
    list: (userId, now) => bounded('list', ofUser(userId), () => store.list(userId, now)),
    revokedSince: time =>
      bounded('revokedSince', undefined, () => store.revokedSince(time), FEED_TIMEOUT_MS),
    sweep: before => bounded('sweep', undefined, () => store.sweep(before), SWEEP_TIMEOUT_MS)
  }
}

/** Keeps the id of a user apart from that of a session. */
const ofUser = (userId: string): string => `user ${userId}`

const overShare = (cause: Error): Error => Object.assign(storeUnavailable(), { cause })
