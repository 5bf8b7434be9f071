import type { FastifyRateLimitOptions, FastifyRateLimitStore, FastifyRateLimitStoreCtor, RateLimitPluginOptions } from '@fastify/rate-limit'
import { inTime } from './stores/in-time.ts'
import type { Counter, Counters } from './stores/store.ts'

type Increment = Extract<Counters, { increment: unknown }>['increment']
type Callback = (error: Error | null, result?: Counter) => void

/** Keys that one question may have. */
const MOST = 1000
/** Milliseconds after which a question is given up, or a store that forgot to answer would keep all that come later waiting. */
const PATIENCE = 1000

/** Counters that all processes share, as @fastify/rate-limit is told of them: its own on Redis, or ours on a verb of the store. */
export function sharedCounters (counters: Counters, length: number, now: () => number, patience = PATIENCE): Pick<RateLimitPluginOptions, 'redis' | 'nameSpace' | 'store'> {
  return 'redis' in counters
    ? { redis: counters.redis, nameSpace: counters.prefix }
    : { store: verbCounters(async requests => inTime(counters.increment(requests, length, now()), patience, 'The counters')) }
}

/**
 * Requests that come while the counters are being asked are counted together by the next question, whatever their keys: a flood
 * of guesses costs the database one statement at a time, and nobody waits for more than two.
 */
function verbCounters (increment: (requests: ReadonlyMap<string, number>) => ReturnType<Increment>): FastifyRateLimitStoreCtor {
  return class VerbCounters implements FastifyRateLimitStore {
    readonly #waiting = new Map<string, Callback[]>()
    #asking = false

    incr (key: string, callback: Callback): void {
      const waiting = this.#waiting.get(key)
      if (waiting === undefined) this.#waiting.set(key, [callback])
      else waiting.push(callback)
      if (!this.#asking) this.#ask()
    }

    async #ask (): Promise<void> {
      this.#asking = true
      while (this.#waiting.size > 0) {
        const asked = [...this.#waiting].slice(0, MOST)
        for (const [key] of asked) this.#waiting.delete(key)
        await answer(asked)
      }
      this.#asking = false
    }

    child (_options: FastifyRateLimitOptions): VerbCounters {
      return this
    }
  }

  async function answer (asked: [string, Callback[]][]): Promise<void> {
    try {
      const counted = await increment(new Map(asked.map(([key, callbacks]) => [key, callbacks.length])))
      for (const [key, callbacks] of asked) {
        const { current, ttl } = counted.get(key) as Counter
        callbacks.forEach((callback, index) => callback(null, { current: current - callbacks.length + 1 + index, ttl }))
      }
    } catch (error) {
      for (const [, callbacks] of asked) for (const callback of callbacks) callback(error as Error)
    }
  }
}
