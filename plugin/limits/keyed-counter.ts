import type { Counter } from '../stores/store.ts'

/** The state of a counter. */
export interface Count {
  isExceeded: boolean
  /** Requests that the limit still allows. */
  remaining: number
  /** Milliseconds left of the window. */
  ttl: number
  ttlInSeconds: number
}

export const isExceeded = ({ isExceeded }: Count): boolean => isExceeded

/** Counters by key, of this process or of all processes. */
export interface CounterStore {
  /**
   * Adds requests to a counter. The first request opens a window of `windowMs`, which keeps its
   * end. A count of 0 only reads. A negative count gives requests back to the open window if that
   * ends within `windowMs`. A counter that has reached `max` is evicted after all others.
   */
  add(key: string, count: number, windowMs: number, max: number): Promise<Counter>
}

/** A key to count by, and the length of a new window in milliseconds. */
export interface CounterQuery { key: string, windowMs: number }

/** Counters, and the limits that count by them. */
export interface LimitCounters {
  counters: CounterStore
  now: () => number
  /**
   * Builds a function that counts one request. It allows `max` requests a window. The counters of
   * this process return no promise.
   */
  countUpTo(max: number): (query: CounterQuery) => Count | Promise<Count>
}

/** The state of a counter after a request. */
export interface CountedRequest extends Count {
  /** Takes the request off the counter again, unless its window is over. */
  giveBack(): Promise<void>
}

/** Counts one request. */
export type KeyedCounter = (query: CounterQuery) => Promise<CountedRequest>

/** Builds a counter that allows `max` requests a window, and that takes requests back. */
export function keyedCounter (
  { counters, now, countUpTo }: LimitCounters, max: number
): KeyedCounter {
  const countOne = countUpTo(max)
  return async query => {
    const count = await countOne(query)
    const endsAt = now() + count.ttl
    return {
      ...count,
      async giveBack () {
        const leftMs = endsAt - now()
        if (leftMs > 0) await counters.add(query.key, -1, leftMs, max)
      }
    }
  }
}
