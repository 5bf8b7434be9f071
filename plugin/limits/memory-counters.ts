import { LruMap } from 'toad-cache'
import type { Counter } from '../stores/store.ts'
import type { CounterStore } from './keyed-counter.ts'

interface Window { count: number, startedAt: number, endsAt: number }

/** The counters of one kind. A full counter has reached its `max`. */
interface Kind { few: LruMap<Window>, full: LruMap<Window> }

/**
 * Counters kept of each kind that have not reached their `max`, and as many that have. An evicted
 * counter starts again at 0.
 */
export const MAX_COUNTERS = 50_000

/** Counters in memory, which also count without a promise. */
export interface MemoryCounters extends CounterStore {
  change(key: string, count: number, windowMs: number, max: number): Counter
  /** Returns the number of counters in memory. */
  size(): number
}

/**
 * Counters in the memory of this process. The kind of a counter is its key up to the first colon.
 * Kinds do not evict each other. Within a kind a counter that has reached its `max` is evicted only
 * by others that have, so new names do not evict a name under attack. Eviction takes constant time.
 */
export function memoryCounters (now: () => number, maxCounters = MAX_COUNTERS): MemoryCounters {
  const kinds = new Map<string, Kind>()

  function kindOf (key: string): Kind {
    const name = key.slice(0, key.indexOf(':'))
    const known = kinds.get(name)
    if (known !== undefined) return known
    const kind = { few: new LruMap<Window>(maxCounters), full: new LruMap<Window>(maxCounters) }
    kinds.set(name, kind)
    return kind
  }

  /** Returns the open window of a key. A clock that is set back closes it. */
  function open ({ few, full }: Kind, key: string, time: number): Window | undefined {
    const window = few.get(key) ?? full.get(key)
    return window !== undefined && time >= window.startedAt && time < window.endsAt
      ? window
      : undefined
  }

  function change (key: string, count: number, windowMs: number, max: number): Counter {
    const time = now()
    const kind = kindOf(key)
    let window = open(kind, key, time)
    if (window === undefined) {
      if (count <= 0) return { current: 0, ttl: 0 }
      kind.full.delete(key)
      window = { count: 0, startedAt: time, endsAt: time + windowMs }
      kind.few.set(key, window)
    }
    const isSameWindow = count >= 0 || window.endsAt <= time + windowMs
    if (isSameWindow) window.count = Math.max(0, window.count + count)
    if (count > 0 && window.count >= max) {
      kind.few.delete(key)
      kind.full.set(key, window)
    }
    return { current: window.count, ttl: window.endsAt - time }
  }

  return {
    change,
    add: async (key, count, windowMs, max) => change(key, count, windowMs, max),
    size: () =>
      [...kinds.values()].reduce((total, { few, full }) => total + few.size + full.size, 0)
  }
}
