import type { LimitCounters } from './keyed-counter.ts'
import type { MemoryCounters } from './memory-counters.ts'

/**
 * Limits by the counters of this process. They answer at once, so a request passes no layer of
 * @fastify/rate-limit.
 */
export const localCounters = (memory: MemoryCounters, now: () => number): LimitCounters => ({
  counters: memory,
  now,
  countUpTo: max => ({ key, windowMs }) => {
    const { current, ttl } = memory.change(key, 1, windowMs, max)
    return {
      isExceeded: current > max,
      remaining: Math.max(0, max - current),
      ttl,
      ttlInSeconds: Math.ceil(ttl / 1000)
    }
  }
})
