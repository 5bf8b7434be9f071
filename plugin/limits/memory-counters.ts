import type { FastifyRateLimitStore } from '@fastify/rate-limit'
import { LruMap } from 'toad-cache'

interface Window { count: number, startedAt: number, endsAt: number }

/** A store of @fastify/rate-limit that says what it has counted without counting. */
export interface ReadableStore extends FastifyRateLimitStore {
  read: FastifyRateLimitStore['incr']
}
type Callback = Parameters<FastifyRateLimitStore['incr']>[1]

/** Counters kept for each limit. A forgotten counter is a fresh start, so there must be more than an attacker can fill. */
const COUNTERS = 100_000

/**
 * Counters in the memory of this process, for @fastify/rate-limit. The library's own give all requests of one tick the
 * count of the last of them, so that a burst is refused as a whole; here the first `max` of a burst get through. And a window
 * is as long as the request that began it said, whatever those in it say.
 */
export function windowCounters (now: () => number): new (options: object) => ReadableStore {
  return class WindowCounters implements ReadableStore {
    readonly #windows = new LruMap<Window>(COUNTERS)

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
      callback(null, window === undefined ? { current: 0, ttl: 0 } : { current: window.count, ttl: window.endsAt - time })
    }

    /** The window of a key that goes on. A clock that was set back ends it. */
    #open (key: string, time: number): Window | undefined {
      const window = this.#windows.get(key)
      return window !== undefined && time >= window.startedAt && time < window.endsAt ? window : undefined
    }

    child (): WindowCounters {
      return new WindowCounters()
    }
  }
}
