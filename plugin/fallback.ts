import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { StoreFailed } from './store-failures.ts'
import { inTime } from './stores/in-time.ts'

/** Counts a request, and says whether there were too many. */
export type Consume = (request: FastifyRequest) => ReturnType<ReturnType<FastifyInstance['createRateLimit']>>

/** Milliseconds that a request waits for the shared counters. */
const PATIENCE = 500

/**
 * Counts with the counters that all processes share, and goes by those of this process while the shared ones are away. These
 * have counted all along, so that an outage does not give anybody more tries here than the limit says, and a flood does not
 * reach the store. Never no limiter. What one limit finds out, all limits go by.
 */
export function createFallback (failed: StoreFailed, patience = PATIENCE): (everywhere: Consume, here: Consume) => Consume {
  let away = false
  let asking = false

  // While they are away one request at a time tries them, and nobody waits for it.
  async function tryThem (everywhere: Consume, request: FastifyRequest): Promise<void> {
    if (asking) return
    asking = true
    away = await inTime(everywhere(request), patience, 'The counters').then(() => false, () => true)
    asking = false
  }

  return (everywhere, here) => async request => {
    const counted = await here(request)
    if (!counted.isAllowed && counted.isExceeded) return counted
    if (away) {
      tryThem(everywhere, request).catch(() => {})
      return counted
    }
    try {
      return await inTime(everywhere(request), patience, 'The counters')
    } catch (cause) {
      away = true
      failed('increment', cause as Error)
      return counted
    }
  }
}
