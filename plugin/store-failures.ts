import type { FastifyBaseLogger } from 'fastify'
import type { Emit } from './events.ts'

/** Reports that a method of the store failed, and why. */
export type ReportStoreFailure = (verb: string, cause: Error) => void

/** During an outage every request fails. Each method is logged at most once in this time. */
const LOG_INTERVAL_MS = 1000

/**
 * Logs and emits the first failure of a method at once. Reports later ones once a second, with
 * their number.
 */
export function createStoreFailures (log: FastifyBaseLogger, emit: Emit): ReportStoreFailure {
  const verbs = new Map<string, { loggedAt: number, unlogged: number }>()

  return (verb, cause) => {
    const now = performance.now()
    const failures = verbs.get(verb) ?? { loggedAt: -Infinity, unlogged: 0 }
    verbs.set(verb, failures)
    failures.unlogged++
    if (now - failures.loggedAt < LOG_INTERVAL_MS) return
    log.error({ err: cause, verb, failures: failures.unlogged }, 'the session store failed')
    emit({ type: 'store_failed', what: verb })
    Object.assign(failures, { loggedAt: now, unlogged: 0 })
  }
}
