import type { FastifyRateLimitOptions, RateLimitPluginOptions } from '@fastify/rate-limit'
import type { Counter, Counters } from '../stores/store.ts'
import { withTimeout } from '../timeout.ts'
import type { ReadableStore } from './memory-counters.ts'

type Increment = Extract<Counters, { increment: unknown }>['increment']
type Callback = (error: Error | null, result?: Counter) => void
/** A request to count once, or a read that counts nothing. */
interface Waiting { count: 0 | 1, callback: Callback }
type Batch = [key: string, waiting: Waiting[]][]

/** Keys of one batch. */
const BATCH_SIZE = 1000
/** A store that never answers would otherwise block all later batches. */
const BATCH_TIMEOUT_MS = 1000
/** Reads do not open a window. They share the batches of the one-minute requests. */
const READ_WINDOW_MS = 60_000

/**
 * Returns the options of @fastify/rate-limit for counters that all processes share: its Redis
 * store, or ours on a method of the session store.
 */
export function storeCounters (
  counters: Counters, now: () => number, timeoutMs = BATCH_TIMEOUT_MS
): Pick<RateLimitPluginOptions, 'redis' | 'nameSpace' | 'store'> {
  if ('redis' in counters) return { redis: counters.redis, nameSpace: counters.prefix }
  return {
    store: batchedCounters(async (requests, length) =>
      withTimeout(counters.increment(requests, length, now()), timeoutMs, 'The counters'))
  }
}

/**
 * Batches the requests of all keys that arrive during a query into the next one. A flood of guesses
 * costs the database one statement at a time. A request waits for at most two batches, plus one for
 * each other window length.
 */
function batchedCounters (
  increment: (requests: ReadonlyMap<string, number>, length: number) => ReturnType<Increment>
): new (options: object) => ReadableStore {
  return class BatchedCounters implements ReadableStore {
    /** By window length, then by key. */
    readonly #waiting = new Map<number, Map<string, Waiting[]>>()
    #isRunning = false

    incr (key: string, callback: Callback, length: number): void {
      this.#enqueue(key, { count: 1, callback }, length)
    }

    read (key: string, callback: Callback): void {
      this.#enqueue(key, { count: 0, callback }, READ_WINDOW_MS)
    }

    #enqueue (key: string, waiting: Waiting, length: number): void {
      const ofLength = this.#waiting.get(length) ?? new Map<string, Waiting[]>()
      const ofKey = ofLength.get(key)
      this.#waiting.set(length, ofLength)
      if (ofKey === undefined) ofLength.set(key, [waiting])
      else ofKey.push(waiting)
      if (!this.#isRunning) this.#run()
    }

    async #run (): Promise<void> {
      this.#isRunning = true
      for (let next = this.#nextBatch(); next !== undefined; next = this.#nextBatch()) {
        await runBatch(next.batch, next.length)
      }
      this.#isRunning = false
    }

    /** Takes the oldest requests of one window length, and re-queues the rest at the back. */
    #nextBatch (): { batch: Batch, length: number } | undefined {
      const [first] = this.#waiting
      if (first === undefined) return undefined
      const [length, ofLength] = first
      const batch = [...ofLength].slice(0, BATCH_SIZE)
      for (const [key] of batch) ofLength.delete(key)
      this.#waiting.delete(length)
      if (ofLength.size > 0) this.#waiting.set(length, ofLength)
      return { batch, length }
    }

    child (_options: FastifyRateLimitOptions): BatchedCounters {
      return this
    }
  }

  async function runBatch (batch: Batch, length: number): Promise<void> {
    try {
      const counts = new Map(batch.map(([key, waiting]) => [key, sum(waiting)]))
      const counted = await increment(counts, length)
      for (const [key, waiting] of batch) {
        const { current, ttl } = counted.get(key) as Counter
        let count = current - sum(waiting)
        for (const each of waiting) each.callback(null, { current: count += each.count, ttl })
      }
    } catch (error) {
      for (const [, waiting] of batch) {
        for (const { callback } of waiting) callback(error as Error)
      }
    }
  }
}

const sum = (waiting: Waiting[]): number =>
  waiting.reduce((total, { count }) => total + count, 0)
