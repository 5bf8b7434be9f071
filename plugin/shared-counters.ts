import type { FastifyRateLimitOptions, FastifyRateLimitStore, FastifyRateLimitStoreCtor, RateLimitPluginOptions } from '@fastify/rate-limit'
import type { Counters } from './stores/store.ts'

type Increment = Extract<Counters, { increment: unknown }>['increment']
type Callback = (error: Error | null, result?: { current: number, ttl: number }) => void

/** Counters that all processes share, as @fastify/rate-limit is told of them: its own on Redis, or ours on a verb of the store. */
export function sharedCounters (counters: Counters, now: () => number): Pick<RateLimitPluginOptions, 'redis' | 'nameSpace' | 'store'> {
  return 'redis' in counters
    ? { redis: counters.redis, nameSpace: counters.prefix }
    : { store: verbCounters(async (key, count, length, time) => counters.increment(key, count, length, time), now) }
}

/**
 * Requests that come while the counter of their key is being asked are counted together by the next question: a flood of
 * guesses costs the database one statement at a time.
 */
function verbCounters (increment: Increment, now: () => number): FastifyRateLimitStoreCtor {
  return class VerbCounters implements FastifyRateLimitStore {
    readonly #waiting = new Map<string, Callback[]>()

    incr (key: string, callback: Callback, length: number): void {
      const waiting = this.#waiting.get(key)
      if (waiting === undefined) this.#count(key, [callback], length)
      else waiting.push(callback)
    }

    #count (key: string, callbacks: Callback[], length: number): void {
      this.#waiting.set(key, [])
      increment(key, callbacks.length, length, now()).then(({ current, ttl }) => {
        callbacks.forEach((callback, index) => callback(null, { current: current - callbacks.length + 1 + index, ttl }))
      }, error => {
        for (const callback of callbacks) callback(error)
      }).finally(() => {
        const next = this.#waiting.get(key) as Callback[]
        if (next.length > 0) this.#count(key, next, length)
        else this.#waiting.delete(key)
      })
    }

    child (_options: FastifyRateLimitOptions): VerbCounters {
      return this
    }
  }
}
