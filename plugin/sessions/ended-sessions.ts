import type { FastifyBaseLogger } from 'fastify'
import { inSlices } from '../stores/in-slices.ts'
import { shardOfId, shardedMap } from '../stores/sharded-map.ts'
import type { Revocation } from '../stores/store.ts'

/** The revoked sessions that the host knows of. */
export interface EndedSessions {
  /** Calls the host, once for each session. */
  notice(sid: string): void
  /**
   * Takes all revoked sessions of the store, a slice in each turn. The first call tells the host of
   * none: they were revoked before this process started. Then forgets those that are gone, except
   * `kept`.
   */
  takeAll(
    revoked: Revocation[], kept: { has(sid: string): boolean }, isStopped?: () => boolean
  ): Promise<void>
}

/**
 * A store may return a revocation any number of times: reads overlap, and a clock that is set back
 * causes a read of all. So a session is forgotten only once the store has forgotten it.
 */
export function createEndedSessions (onEnded: (sid: string) => void): EndedSessions {
  /** By sid: the number of the last `takeAll` when the session was found or revoked. */
  const known = shardedMap<number>(shardOfId)
  let hasStarted = false
  let calls = 0
  let last: Promise<void> = Promise.resolve()

  function notice (sid: string): void {
    const isKnown = known.has(sid)
    known.set(sid, calls)
    if (!isKnown) onEnded(sid)
  }

  const take: EndedSessions['takeAll'] = async (revoked, kept, isStopped) => {
    calls++
    await inSlices(revoked, ({ sid }) => {
      if (hasStarted) notice(sid)
      else known.set(sid, calls)
    }, isStopped)
    await inSlices(known.entries(), ([sid, call]) => {
      if (call < calls && !kept.has(sid)) known.delete(sid)
    }, isStopped)
    hasStarted = true
  }

  return {
    notice,
    // A read from before a freeze may answer while a later one is taken.
    takeAll (...all) {
      const taken = last.then(() => take(...all))
      last = taken.catch(() => {})
      return taken
    }
  }
}

/** Wraps the option `onSessionEnded`: a throw is logged, and changes nothing. */
export function sessionEndedCallback (
  onSessionEnded: ((sid: string) => unknown) | undefined, log: FastifyBaseLogger
): ((sid: string) => void) | undefined {
  if (onSessionEnded === undefined) return undefined
  const failed = (error: unknown): void => { log.error({ err: error }, 'onSessionEnded threw') }
  return sid => {
    try {
      Promise.resolve(onSessionEnded(sid)).catch(failed)
    } catch (error) {
      failed(error)
    }
  }
}
