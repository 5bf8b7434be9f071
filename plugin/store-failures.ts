import type { FastifyBaseLogger } from 'fastify'
import type { Emit } from './events.ts'

/** Notes that a verb of the store failed, and why. */
export type StoreFailed = (verb: string, cause: Error) => void

/** Milliseconds. A store that is away fails each request, and a line for each would drown what else the log has to say. */
const INTERVAL = 1000

/** Logs and tells of the first failure of a verb at once, and of those that follow once a second, with how many there were. */
export function createStoreFailures (log: FastifyBaseLogger, emit: Emit): StoreFailed {
  const verbs = new Map<string, { toldAt: number, untold: number }>()

  return (verb, cause) => {
    const now = performance.now()
    const known = verbs.get(verb) ?? { toldAt: -Infinity, untold: 0 }
    verbs.set(verb, known)
    known.untold++
    if (now - known.toldAt < INTERVAL) return
    log.error({ err: cause, verb, failures: known.untold }, 'the session store failed')
    emit({ type: 'store_failed', what: verb })
    Object.assign(known, { toldAt: now, untold: 0 })
  }
}
