import { type Queue, createQueue } from './queue.ts'
import { sleep } from './retry.ts'

/** Longest wait for another tab. A tab that is frozen keeps its lock. */
const LOCK_WAIT_MS = 5000
/** Time that the lock is kept, so that the next tab gets the message before the lock. */
const LINGER_MS = 50

/** Creates a lock for this page and, where the browser has Web Locks, for all tabs. */
export function createLock (name: string | undefined): Queue {
  const inTurn = createQueue()
  return act => inTurn(() => {
    const locks = globalThis.navigator?.locks
    return name && locks ? lockTabs(locks, name, act) : act()
  })
}

/**
 * Runs an action while other tabs wait. Runs it without the lock if that does not come in time:
 * the server answers two refreshes of one token with one successor.
 */
async function lockTabs<T> (locks: LockManager, name: string, act: () => Promise<T>): Promise<T> {
  let done: Promise<T> | undefined
  const waiting = new AbortController()
  const timer = setTimeout(() => waiting.abort(), LOCK_WAIT_MS)
  const enter = (): Promise<T> => {
    clearTimeout(timer)
    done ??= act()
    return done
  }
  await new Promise<unknown>(resolve => {
    locks.request(name, { signal: waiting.signal }, async () => {
      await enter().then(resolve, resolve)
      await sleep(LINGER_MS)
    }).then(resolve, resolve)
  })
  return enter()
}
