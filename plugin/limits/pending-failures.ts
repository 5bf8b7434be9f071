import { type Account, DAY_MS, type Failures, type LoginAttempt } from './login-backoff.ts'
import type { MemoryCounters } from './memory-counters.ts'

/** Failed logins that the shared counters do not have yet. */
export interface PendingFailures {
  /** Adds a failure. */
  add(account: Account): void
  /** Adds a failure. Takes out those that the shared counters must learn now. */
  take(account: Account, filled: ReturnType<LoginAttempt['filled']>): Failures
  /** Puts failures back that the shared counters did not get. */
  restore(account: Account, failures: Failures): void
}

/**
 * Keeps single failures out of the shared counters, where each would stay for a day: a stranger can
 * make up any number of names. The shared counters get the failures of a name once this process has
 * counted `max` of them. They get `max` at once when all processes together have used up a window.
 */
export function createPendingFailures (counters: MemoryCounters, max: number): PendingFailures {
  const change = (key: string, count: number): number =>
    counters.change(key, count, DAY_MS, max).current
  const keyOfAll = ({ user }: Account): string => `pendingOfAll:${user}`
  const keyAtSource = ({ source }: Account): string => `pendingFrom:${source}`

  function take (key: string, isFilled: boolean): number {
    const pending = change(key, 1)
    if (pending < max && !isFilled) return 0
    change(key, -pending)
    return Math.max(pending, max)
  }

  return {
    add (account) {
      change(keyOfAll(account), 1)
      change(keyAtSource(account), 1)
    },
    take: (account, filled) => ({
      ofAll: take(keyOfAll(account), filled.ofAll),
      atSource: take(keyAtSource(account), filled.atSource)
    }),
    restore (account, { ofAll, atSource }) {
      change(keyOfAll(account), ofAll)
      change(keyAtSource(account), atSource)
    }
  }
}
