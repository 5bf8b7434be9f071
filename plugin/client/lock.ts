import { type Queue, createQueue } from './queue.ts'
import { sleep } from './retry.ts'

/** Longest wait for another tab. A tab that is frozen keeps its lock. */
const LOCK_WAIT_MS = 5000
/** Time that the lock is kept, so that the next tab gets the message before the lock. */
const LINGER_MS = 50

/**
 * Creates a lock for this page and, where the browser has Web Locks, for the tabs that use `name`.
 * Runs an action without the Web Lock if that does not come in time: the server answers two
 * refreshes of one token with one successor.
 */
export function createLock (name: string | undefined): Queue {
  const inTurn = createQueue()
  return <T>(act: () => Promise<T>) => inTurn(() => new Promise<T>(resolve => {
    let done: Promise<T> | undefined
    const enter = (): void => {
      done ??= act()
      resolve(done)
    }
    const locks = globalThis.navigator?.locks
    if (!name || !locks) return enter()
    const timer = setTimeout(enter, LOCK_WAIT_MS)
    locks.request(name, async () => {
      clearTimeout(timer)
      enter()
      await done
      await sleep(LINGER_MS)
    }).catch(enter)
  }))
}
