import type { Counter, Counters } from '../stores/store.ts'
import { withTimeout } from '../timeout.ts'
import type { CounterStore } from './keyed-counter.ts'

/** A change of a counter, or a read that counts nothing. */
interface Waiting {
  count: number
  resolve: (counter: Counter) => void
  reject: (error: Error) => void
}
type Batch = [key: string, requests: Waiting[]][]

/** Keys of one batch. */
const BATCH_SIZE = 1000
/** A store that never answers would otherwise block all later batches. */
const BATCH_TIMEOUT_MS = 1000
/** Reads do not open a window. They share the batches of the one-minute requests. */
const READ_WINDOW_MS = 60_000

/**
 * Returns the counters that all processes share, on a method of the session store. Batches the
 * requests of all keys that arrive during a query into the next one. A flood of guesses costs the
 * database one statement at a time. A request waits for at most two batches, plus one for each
 * other window length.
 */
export function storeCounters (
  { increment }: Counters, now: () => number, timeoutMs = BATCH_TIMEOUT_MS
): CounterStore {
  /** By window length, then by key. A length is negative for requests that are given back. */
  const waiting = new Map<number, Map<string, Waiting[]>>()
  let isRunning = false

  function enqueue (key: string, request: Waiting, length: number): void {
    const ofLength = waiting.get(length) ?? new Map<string, Waiting[]>()
    const ofKey = ofLength.get(key)
    waiting.set(length, ofLength)
    if (ofKey === undefined) ofLength.set(key, [request])
    else ofKey.push(request)
    if (!isRunning) run()
  }

  async function run (): Promise<void> {
    isRunning = true
    for (let next = nextBatch(); next !== undefined; next = nextBatch()) {
      await runBatch(next.batch, next.length)
    }
    isRunning = false
  }

  /** Takes the oldest requests of one window length, and re-queues the rest at the back. */
  function nextBatch (): { batch: Batch, length: number } | undefined {
    const [first] = waiting
    if (first === undefined) return undefined
    const [length, ofLength] = first
    const batch = [...ofLength].slice(0, BATCH_SIZE)
    for (const [key] of batch) ofLength.delete(key)
    waiting.delete(length)
    if (ofLength.size > 0) waiting.set(length, ofLength)
    return { batch, length: Math.abs(length) }
  }

  async function runBatch (batch: Batch, length: number): Promise<void> {
    try {
      const counts = new Map(batch.map(([key, requests]) => [key, sum(requests)]))
      const counted = await withTimeout(ask(counts, length), timeoutMs, 'The counters')
      for (const [key, requests] of batch) {
        const { current, ttl } = counted.get(key) as Counter
        let count = current - sum(requests)
        for (const request of requests) request.resolve({ current: count += request.count, ttl })
      }
    } catch (error) {
      for (const [, requests] of batch) {
        for (const { reject } of requests) reject(error as Error)
      }
    }
  }

  /** Rejects also when the method throws. */
  const ask = async (requests: ReadonlyMap<string, number>, length: number) =>
    increment(requests, length, now())

  return {
    add: (key, count, windowMs) => new Promise((resolve, reject) => {
      const length = count < 0 ? -windowMs : windowMs
      enqueue(key, { count, resolve, reject }, count === 0 ? READ_WINDOW_MS : length)
    })
  }
}

const sum = (requests: Waiting[]): number =>
  requests.reduce((total, { count }) => total + count, 0)
