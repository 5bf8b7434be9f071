import type { FastifyRateLimitStore, FastifyRateLimitStoreCtor } from '@fastify/rate-limit'
import { LruMap } from 'toad-cache'

interface Window { count: number, startedAt: number }

/** Counters kept for each limit. A forgotten counter is a fresh start, so there must be more than an attacker can fill. */
const COUNTERS = 100_000

/**
 * Counters in the memory of this process, for @fastify/rate-limit. The library's own give all requests of one tick the
 * count of the last of them, so that a burst is refused as a whole; here the first `max` of a burst get through.
 */
export function windowCounters (now: () => number): FastifyRateLimitStoreCtor {
  return class WindowCounters implements FastifyRateLimitStore {
    readonly #windows = new LruMap<Window>(COUNTERS)

    incr (key: string, callback: (error: null, result: { current: number, ttl: number }) => void, length: number): void {
      const time = now()
      let window = this.#windows.get(key)
      if (window === undefined || time - window.startedAt >= length || time < window.startedAt) {
        window = { count: 0, startedAt: time }
        this.#windows.set(key, window)
      }
      window.count++
      callback(null, { current: window.count, ttl: window.startedAt + length - time })
    }

    child (): WindowCounters {
      return new WindowCounters()
    }
  }
}
