import type { FastifyBaseLogger } from 'fastify'

/** The revoked sessions that the host knows of. */
export interface EndedSessions {
  /** Calls the host, once for each session. */
  notice(sid: string): void
  /**
   * Takes all revoked sessions of the store. The first call tells the host of none: they were
   * revoked before this process started. Then forgets those that are gone, except `kept`.
   */
  takeAll(sids: Iterable<string>, kept: { has(sid: string): boolean }): void
}

/**
 * A store may return a revocation any number of times: reads overlap, and a clock that is set back
 * causes a read of all. So a session is forgotten only once the store has forgotten it.
 */
export function createEndedSessions (onEnded: (sid: string) => void): EndedSessions {
  const known = new Set<string>()
  let hasStarted = false

  function notice (sid: string): void {
    if (known.has(sid)) return
    known.add(sid)
    onEnded(sid)
  }

  return {
    notice,
    takeAll (sids, kept) {
      const all = new Set(sids)
      for (const sid of known) if (!all.has(sid) && !kept.has(sid)) known.delete(sid)
      for (const sid of all) {
        if (hasStarted) notice(sid)
        else known.add(sid)
      }
      hasStarted = true
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
