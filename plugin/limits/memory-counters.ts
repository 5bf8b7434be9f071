import type { FastifyRateLimitStore } from '@fastify/rate-limit'
import { LruMap } from 'toad-cache'

interface Window { count: number, startedAt: number, endsAt: number }

/** A store of @fastify/rate-limit that can also read a counter without counting. */
export interface ReadableStore extends FastifyRateLimitStore {
  read: FastifyRateLimitStore['incr']
}
type Callback = Parameters<FastifyRateLimitStore['incr']>[1]

/** Counters kept for each limit. An evicted counter starts again at 0. */
const MAX_COUNTERS = 100_000

/**
 * Counters in the memory of this process, for @fastify/rate-limit. The library's own store gives
 * all requests of one tick the count of the last, and so refuses a burst as a whole. Here the first
 * `max` of a burst pass. The first request of a window sets its length.
 */
export function memoryCounters (now: () => number): new (options: object) => ReadableStore {
  return class MemoryCounters implements ReadableStore {
    readonly #windows = new LruMap<Window>(MAX_COUNTERS)

    incr (key: string, callback: Callback, length: number): void {
      const time = now()
      let window = this.#open(key, time)
      if (window === undefined) {
        window = { count: 0, startedAt: time, endsAt: time + length }
        this.#windows.set(key, window)
      }
      window.count++
      callback(null, { current: window.count, ttl: window.endsAt - time })
    }

    read (key: string, callback: Callback): void {
      const time = now()
      const window = this.#open(key, time)
      callback(
        null,
        window === undefined
          ? { current: 0, ttl: 0 }
          : { current: window.count, ttl: window.endsAt - time }
      )
    }

    /** Returns the open window of a key. A clock that is set back closes it. */
    #open (key: string, time: number): Window | undefined {
      const window = this.#windows.get(key)
      return window !== undefined && time >= window.startedAt && time < window.endsAt
        ? window
        : undefined
    }

    child (): MemoryCounters {
      return new MemoryCounters()
    }
  }
}
