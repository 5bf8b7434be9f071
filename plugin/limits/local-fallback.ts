import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { StoreFailed } from '../store-failures.ts'
import { inTime } from '../timeout.ts'

/** Asks counters about a request. */
export type Ask<Answer> = (request: FastifyRequest) => Promise<Answer>

/** What a limiter has counted, and whether it is too many. None of ours has a list of those whom it does not count. */
export type Counted = Exclude<Awaited<ReturnType<ReturnType<FastifyInstance['createRateLimit']>>>, { isAllowed: true }>

/** Counts a request, and says whether there were too many. */
export type Consume = Ask<Counted>

/** Asks everywhere, or here; what is said here is the end of it if it settles the matter. */
export type WithFallback = <Answer>(everywhere: Ask<Answer>, here: Ask<Answer>, settles: (answer: Answer) => boolean) => Ask<Answer>

/** Milliseconds that a request waits for the shared counters. */
const PATIENCE = 500

/**
 * Asks the counters that all processes share, and goes by those of this process while the shared ones are away. These
 * have counted all along, so that an outage does not give anybody more tries here than the limit says, and what they settle does not
 * reach the store. Never no limiter. What one limit finds out, all limits go by.
 */
export function createFallback (failed: StoreFailed, patience = PATIENCE): WithFallback {
  let away = false
  let asking = false

  // While they are away one request at a time tries them, and nobody waits for it.
  async function tryThem (everywhere: Ask<unknown>, request: FastifyRequest): Promise<void> {
    if (asking) return
    asking = true
    away = await inTime(everywhere(request), patience, 'The counters').then(() => false, () => true)
    asking = false
  }

  return (everywhere, here, settles) => async request => {
    const answer = await here(request)
    if (settles(answer)) return answer
    if (away) {
      tryThem(everywhere, request).catch(() => {})
      return answer
    }
    try {
      return await inTime(everywhere(request), patience, 'The counters')
    } catch (cause) {
      away = true
      failed('increment', cause as Error)
      return answer
    }
  }
}

export const isExceeded = ({ isExceeded }: Counted): boolean => isExceeded
