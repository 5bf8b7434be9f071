import type { FastifyRateLimitOptions, RateLimitPluginOptions } from '@fastify/rate-limit'
import type { ReadableStore } from './memory-counters.ts'
import { inTime } from '../timeout.ts'
import type { Counter, Counters } from '../stores/store.ts'

type Increment = Extract<Counters, { increment: unknown }>['increment']
type Callback = (error: Error | null, result?: Counter) => void
/** A request that is to be counted once, or a question that is not counted. */
interface Waiting { count: 0 | 1, callback: Callback }

/** Keys that one question may have. */
const MOST = 1000
/** Milliseconds after which a question is given up, or a store that forgot to answer would keep all that come later waiting. */
const PATIENCE = 1000
/** Questions begin no window. They go with the requests of the most common one. */
const MINUTE = 60_000

/** Counters that all processes share, as @fastify/rate-limit is told of them: its own on Redis, or ours on a verb of the store. */
export function sharedCounters (counters: Counters, now: () => number, patience = PATIENCE): Pick<RateLimitPluginOptions, 'redis' | 'nameSpace' | 'store'> {
  return 'redis' in counters
    ? { redis: counters.redis, nameSpace: counters.prefix }
    : { store: verbCounters(async (requests, length) => inTime(counters.increment(requests, length, now()), patience, 'The counters')) }
}

/**
 * Requests that come while the counters are being asked are counted together by the next question, whatever their keys: a flood
 * of guesses costs the database one statement at a time, and nobody waits for more than two, or for one more where windows
 * are of another length.
 */
function verbCounters (increment: (requests: ReadonlyMap<string, number>, length: number) => ReturnType<Increment>): new (options: object) => ReadableStore {
  return class VerbCounters implements ReadableStore {
    /** By the length of their windows, and by their keys. */
    readonly #waiting = new Map<number, Map<string, Waiting[]>>()
    #asking = false

    incr (key: string, callback: Callback, length: number): void {
      this.#wait(key, { count: 1, callback }, length)
    }

    read (key: string, callback: Callback): void {
      this.#wait(key, { count: 0, callback }, MINUTE)
    }

    #wait (key: string, waiting: Waiting, length: number): void {
      const ofLength = this.#waiting.get(length) ?? new Map<string, Waiting[]>()
      const ofKey = ofLength.get(key)
      this.#waiting.set(length, ofLength)
      if (ofKey === undefined) ofLength.set(key, [waiting])
      else ofKey.push(waiting)
      if (!this.#asking) this.#ask()
    }

    async #ask (): Promise<void> {
      this.#asking = true
      for (let [next] = this.#waiting; next !== undefined; [next] = this.#waiting) {
        const [length, ofLength] = next
        const asked = [...ofLength].slice(0, MOST)
        for (const [key] of asked) ofLength.delete(key)
        this.#waiting.delete(length)
        // Behind the others.
        if (ofLength.size > 0) this.#waiting.set(length, ofLength)
        await answer(asked, length)
      }
      this.#asking = false
    }

    child (_options: FastifyRateLimitOptions): VerbCounters {
      return this
    }
  }

  async function answer (asked: [string, Waiting[]][], length: number): Promise<void> {
    try {
      const counted = await increment(new Map(asked.map(([key, waiting]) => [key, sum(waiting)])), length)
      for (const [key, waiting] of asked) {
        const { current, ttl } = counted.get(key) as Counter
        let count = current - sum(waiting)
        for (const each of waiting) each.callback(null, { current: count += each.count, ttl })
      }
    } catch (error) {
      for (const [, waiting] of asked) for (const { callback } of waiting) callback(error as Error)
    }
  }
}

const sum = (waiting: Waiting[]): number => waiting.reduce((total, { count }) => total + count, 0)
