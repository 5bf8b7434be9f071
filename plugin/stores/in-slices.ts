import { setImmediate as nextTurn } from 'node:timers/promises'

/** Items of one slice. They hold the event loop for about a millisecond. */
export const SLICE = 1000

/**
 * Calls `work` for each item, at most `SLICE` items in one turn of the event loop. The first slice
 * runs in the turn of the call. Returns undefined if it was enough. A further slice does not run
 * once `isStopped` returns true.
 */
export function inSlices<T> (
  items: Iterable<T>, work: (item: T) => void, isStopped = (): boolean => false
): Promise<void> | undefined {
  const iterator = items[Symbol.iterator]()

  /** Returns whether items may be left. */
  function runSlice (): boolean {
    for (let count = 0; count < SLICE; count++) {
      const next = iterator.next()
      if (next.done === true) return false
      work(next.value)
    }
    return true
  }

  async function runRest (): Promise<void> {
    do await nextTurn()
    while (!isStopped() && runSlice())
  }

  return runSlice() ? runRest() : undefined
}
