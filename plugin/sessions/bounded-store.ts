import { storeUnavailable } from '../errors.ts'
import { answerOf } from '../stores/at-once.ts'
import type { SessionStore } from '../stores/store.ts'
import { withTimeout } from '../timeout.ts'
import { type PendingCalls, type TooManyCalls, createPendingCalls } from './pending-calls.ts'

/** Limits of the calls to a store. */
export interface Bounds {
  /** Default 750, which leaves 250 ms of a second for the rest of the request. */
  timeoutMs?: number
  /** Unanswered calls at a time, timed out or not. Default 2000. */
  maxPending?: number
  /** Unanswered calls for one session, or for one user. Default 20. */
  maxPendingPerOwner?: number
  /** Running or unanswered requests of one client address. Default 100. */
  maxPendingPerAddress?: number
  /** Calls of one session, user or address that may wait for its share. Default 2000. */
  maxWaiting?: number
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
 * are pending. Calls over the share of a session, user or address wait for its other calls. A call
 * that spends a token or revokes a session carries its timeout as a deadline, so a late one changes
 * nothing after the client got a 503.
 */
export function boundedStore (
  store: SessionStore,
  onFailure: (verb: string, cause: Error) => void,
  {
    timeoutMs = 750, maxPending = 2000, maxPendingPerOwner = 20, maxPendingPerAddress = 100,
    maxWaiting = 2000
  }: Bounds = {}
): BoundedStore {
  const pending = createPendingCalls(
    { max: maxPending, maxPerOwner: maxPendingPerOwner, maxWaiting })
  const requests = createPendingCalls(
    { max: Infinity, maxPerOwner: maxPendingPerAddress, maxWaiting })
  /** The calls that timed out, by the error of their 503. */
  const timedOut = new WeakMap<Error, Promise<unknown>>()
  let isSuspect = false
  /** The number of answers so far. */
  let answers = 0
  const currentTimeout = (): number =>
    isSuspect ? Math.min(timeoutMs, SUSPECT_TIMEOUT_MS) : timeoutMs

  function hasAnswered (): void {
    answers++
    isSuspect = false
  }

  async function counted<T> (remove: () => void, called: Promise<T>): Promise<T> {
    try {
      const answer = await called
      hasAnswered()
      return answer
    } finally {
      remove()
    }
  }

  async function bounded<T> (
    verb: string,
    owner: string | undefined,
    call: (deadline: number) => Promise<T>,
    timeout?: number
  ): Promise<T> {
    const place = placeIn(pending, owner, verb)
    const remove = place instanceof Promise ? await place : place
    const within = timeout ?? currentTimeout()
    const answersBefore = answers
    const called = inPromise(() => call(Date.now() + within))
    const known = answerOf(called)
    if (known !== undefined) {
      remove()
      hasAnswered()
      return known.value
    }
    const answer = counted(remove, called)
    try {
      return await withTimeout(answer, within, 'The store')
    } catch (cause) {
      // A store that has answered others meanwhile is not down. One session may be slow.
      if (answers === answersBefore) isSuspect = true
      pending.refuseWaiting(owner)
      onFailure(verb, cause as Error)
      const refusal = storeUnavailable()
      timedOut.set(refusal, answer)
      throw refusal
    }
  }

  /** Returns at once what takes no waiting: a call must not begin later than it could. */
  function placeIn (
    calls: PendingCalls, owner: string | undefined, verb: string
  ): ReturnType<PendingCalls['enter']> {
    const refuse = (cause: unknown): never => {
      const refusal = Object.assign(storeUnavailable(), { cause })
      // The cause is the only trace in the log: a client must not cause alarms about the store.
      if (!(cause as TooManyCalls).isOwners) onFailure(verb, cause as Error)
      throw refusal
    }
    try {
      const place = calls.enter(owner)
      return place instanceof Promise ? place.catch(refuse) : place
    } catch (cause) {
      return refuse(cause)
    }
  }

  const inShare: StoreShare = async (address, work) => {
    const place = placeIn(requests, address, 'share')
    const remove = place instanceof Promise ? await place : place
    try {
      const result = await work()
      remove()
      return result
    } catch (error) {
      const late = timedOut.get(error as Error)
      if (late !== undefined) requests.refuseWaiting(address)
      // A request keeps its place until the store has answered, not only until its own timeout.
      Promise.resolve(late).then(remove, remove)
      throw error
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

/** Rejects also when the store throws. */
function inPromise<T> (call: () => Promise<T>): Promise<T> {
  try {
    return call()
  } catch (error) {
    return Promise.reject(error)
  }
}

/** Keeps the id of a user apart from that of a session. */
const ofUser = (userId: string): string => `user ${userId}`
