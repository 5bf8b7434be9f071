import type { FastifyRateLimitOptions, FastifyRateLimitStore, FastifyRateLimitStoreCtor, RateLimitPluginOptions } from '@fastify/rate-limit'
import type { Counters } from './stores/store.ts'

type Increment = Extract<Counters, { increment: unknown }>['increment']

/** Counters that all processes share, as @fastify/rate-limit is told of them: its own on Redis, or ours on a verb of the store. */
export function sharedCounters (counters: Counters, now: () => number): Pick<RateLimitPluginOptions, 'redis' | 'nameSpace' | 'store'> {
  return 'redis' in counters
    ? { redis: counters.redis, nameSpace: counters.prefix }
    : { store: verbCounters((key, length, time) => counters.increment(key, length, time), now) }
}

function verbCounters (increment: Increment, now: () => number): FastifyRateLimitStoreCtor {
  return class VerbCounters implements FastifyRateLimitStore {
    incr (key: string, callback: (error: Error | null, result?: { current: number, ttl: number }) => void, length: number): void {
      increment(key, length, now()).then(counted => callback(null, counted), callback)
    }

    child (_options: FastifyRateLimitOptions): VerbCounters {
      return this
    }
  }
}
