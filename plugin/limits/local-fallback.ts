import type { FastifyRequest } from 'fastify'
import type { ReportStoreFailure } from '../store-failures.ts'
import { withTimeout } from '../timeout.ts'

/** Queries counters for a request. */
export type Ask<Answer> = (request: FastifyRequest) => Promise<Answer>

/**
 * Queries the shared counters, or the local ones while those are down. Returns a local answer that
 * `isFinal` at once.
 */
export type WithLocalFallback = <Answer>(
  shared: Ask<Answer>,
  local: (request: FastifyRequest) => Answer | Promise<Answer>,
  isFinal: (answer: Answer) => boolean
) => Ask<Answer>

/** Timeout of a request for the shared counters. */
const COUNTER_TIMEOUT_MS = 500

/**
 * Uses the counters that all processes share, and falls back to those of this process. The local
 * ones count every request, so an outage allows no more requests here than the limit, and a request
 * that they refuse does not reach the store. All limits share what one limit learns of an outage.
 */
export function createLocalFallback (
  reportFailure: ReportStoreFailure, timeoutMs = COUNTER_TIMEOUT_MS
): WithLocalFallback {
  let isDown = false
  let isProbing = false

  // During an outage one request at a time probes the counters. No request waits for the result.
  async function probe (shared: Ask<unknown>, request: FastifyRequest): Promise<void> {
    if (isProbing) return
    isProbing = true
    isDown = await withTimeout(shared(request), timeoutMs, 'The counters')
      .then(() => false, () => true)
    isProbing = false
  }

  return (shared, local, isFinal) => async request => {
    const answer = await local(request)
    if (isFinal(answer)) return answer
    if (isDown) {
      probe(shared, request).catch(() => {})
      return answer
    }
    try {
      return await withTimeout(shared(request), timeoutMs, 'The counters')
    } catch (cause) {
      isDown = true
      reportFailure('increment', cause as Error)
      return answer
    }
  }
}
