import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { StoreFailed } from './store-failures.ts'

/** Counts a request, and says whether there were too many. */
export type Consume = (request: FastifyRequest) => ReturnType<ReturnType<FastifyInstance['createRateLimit']>>

/** Milliseconds that a request waits for the shared counters. */
const PATIENCE = 200

/**
 * Counts with the counters that all processes share, and goes by those of this process while the shared ones are away. These
 * have counted all along, so that an outage does not give anybody more tries here than the limit says. Never no limiter.
 */
export function withFallback (everywhere: Consume, here: Consume, failed: StoreFailed, patience = PATIENCE): Consume {
  let away = false
  let asking = false

  // While they are away one request at a time tries them, and nobody waits for it.
  async function tryThem (request: FastifyRequest): Promise<void> {
    if (asking) return
    asking = true
    away = await everywhere(request).then(() => false, () => true)
    asking = false
  }

  return async request => {
    const counted = await here(request)
    if (away) {
      tryThem(request).catch(() => {})
      return counted
    }
    let timer: NodeJS.Timeout | undefined
    const timeout = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(() => reject(new Error(`The counters did not answer within ${patience} ms.`)), patience)
    })
    try {
      return await Promise.race([everywhere(request), timeout])
    } catch (cause) {
      away = true
      failed('increment', cause as Error)
      return counted
    } finally {
      clearTimeout(timer)
    }
  }
}
