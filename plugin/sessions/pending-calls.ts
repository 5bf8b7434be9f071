/** The calls that have no answer yet. */
export interface PendingCalls {
  /**
   * Adds a call of an owner: a session, a user or an address. Returns a function that removes it.
   * @throws TooManyCalls
   */
  add(owner?: string): () => void
}

/** Limits of the calls that are pending at the same time. */
export interface PendingLimits {
  max: number
  /** Limit for one owner. */
  maxPerOwner: number
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

/** A call without an answer after this time is lost. */
const LOST_AFTER_MS = 30_000

/**
 * Counts pending calls, in all and for each owner. Forgets a call 30 s after it began: some clients
 * lose a promise, and lost calls would otherwise take up the limit for good.
 */
export function createPendingCalls (
  { max, maxPerOwner }: PendingLimits, now = () => performance.now()
): PendingCalls {
  /** Oldest first. */
  const calls = new Set<Call>()
  const counts = new Map<string, number>()

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
  }

  function forgetLost (): void {
    const lostSince = now() - LOST_AFTER_MS
    for (const call of calls) {
      if (call.startedAt > lostSince) return
      remove(call)
    }
  }

  return {
    add (owner) {
      if (isFull() || isFullFor(owner)) forgetLost()
      if (isFull()) throw new TooManyCalls(`${max} calls to the store are pending.`, false)
      if (isFullFor(owner)) {
        throw new TooManyCalls(`${maxPerOwner} calls to the store are pending for one owner.`, true)
      }
      const call = { owner, startedAt: now() }
      calls.add(call)
      if (owner !== undefined) counts.set(owner, (counts.get(owner) ?? 0) + 1)
      return () => { remove(call) }
    }
  }
}
