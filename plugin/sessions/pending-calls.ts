/** The calls that have no answer yet. */
export interface PendingCalls {
  /**
   * Adds a call of an owner: a session, a user or an address. Returns a function that removes it.
   * @throws TooManyCalls
   */
  add(owner?: string): () => void
  /**
   * Adds a call as `add` does. A call over the share of its owner waits until another is removed.
   * @throws TooManyCalls
   */
  enter(owner?: string): (() => void) | Promise<() => void>
  /**
   * Refuses the waiting calls of an owner, and further ones until a call is removed. Call when one
   * of its calls has timed out: the others may wait as long.
   */
  refuseWaiting(owner?: string): void
}

/** Limits of the calls that are pending at the same time. */
export interface PendingLimits {
  max: number
  /** Limit for one owner. */
  maxPerOwner: number
  /** Calls of one owner that may wait for its limit. Default 0. */
  maxWaiting?: number
}

/** Too many calls are pending, so a call was not made. `isOwners`: too many of its owner. */
export class TooManyCalls extends Error {
  readonly isOwners: boolean

  constructor (message: string, isOwners: boolean) {
    // The stack says nothing, and is expensive under a flood.
    const { stackTraceLimit } = Error
    Error.stackTraceLimit = 0
    super(message)
    Error.stackTraceLimit = stackTraceLimit
    this.isOwners = isOwners
  }
}

interface Call { owner: string | undefined, startedAt: number }

/** A call over the share of its owner. */
interface Waiting { admit(remove: () => void): void, refuse(error: Error): void }

/** A call without an answer after this time is lost. */
const LOST_AFTER_MS = 30_000

/**
 * Counts pending calls, in all and for each owner. Forgets a call 30 s after it began: some clients
 * lose a promise, and lost calls would otherwise take up the limit for good.
 */
export function createPendingCalls (
  { max, maxPerOwner, maxWaiting = 0 }: PendingLimits, now = () => performance.now()
): PendingCalls {
  /** Oldest first. */
  const calls = new Set<Call>()
  const counts = new Map<string, number>()
  const queues = new Map<string, Waiting[]>()
  /** The owners whose calls must not wait. */
  const stuck = new Set<string>()

  const isFull = (): boolean => calls.size >= max
  const isFullFor = (owner: string | undefined): boolean =>
    owner !== undefined && (counts.get(owner) ?? 0) >= maxPerOwner

  function remove (call: Call): void {
    const { owner } = call
    // A lost call may still be answered after it was forgotten.
    if (!calls.delete(call) || owner === undefined) return
    const count = counts.get(owner) as number
    if (count > 1) counts.set(owner, count - 1)
    else counts.delete(owner)
    stuck.delete(owner)
    admitNext(owner)
  }

  function admitNext (owner: string): void {
    const queue = queues.get(owner)
    const next = queue?.shift()
    if (next === undefined) return
    if (queue?.length === 0) queues.delete(owner)
    next.admit(add(owner))
  }

  function forgetLost (): void {
    const lostSince = now() - LOST_AFTER_MS
    for (const call of calls) {
      if (call.startedAt > lostSince) return
      remove(call)
    }
  }

  const overShare = (): TooManyCalls =>
    new TooManyCalls(`${maxPerOwner} calls to the store are pending for one owner.`, true)

  function add (owner?: string): () => void {
    if (isFull() || isFullFor(owner)) forgetLost()
    if (isFull()) throw new TooManyCalls(`${max} calls to the store are pending.`, false)
    if (isFullFor(owner)) throw overShare()
    const call = { owner, startedAt: now() }
    calls.add(call)
    if (owner !== undefined) counts.set(owner, (counts.get(owner) ?? 0) + 1)
    return () => { remove(call) }
  }

  return {
    add,

    enter (owner) {
      if (isFullFor(owner)) forgetLost()
      if (owner === undefined || !isFullFor(owner)) return add(owner)
      const queue = queues.get(owner) ?? []
      if (queue.length >= maxWaiting || stuck.has(owner)) throw overShare()
      queues.set(owner, queue)
      return new Promise((resolve, reject) => { queue.push({ admit: resolve, refuse: reject }) })
    },

    refuseWaiting (owner) {
      if (owner === undefined) return
      const queue = queues.get(owner) ?? []
      queues.delete(owner)
      if (counts.has(owner)) stuck.add(owner)
      for (const { refuse } of queue) refuse(overShare())
    }
  }
}
