import type { ServerClock } from './server-clock.ts'
import { checkDeadline } from './store.ts'

/** What a call says that came to the server after its deadline, and so changed nothing. */
export const LATE = 'late'

/** No deadline, as a number that every server can hold. */
const NEVER = 8_640_000_000_000_000

/**
 * Makes a call that is told its deadline by the server's clock, and makes it again if it was late by a clock that was not what it was
 * thought to be.
 * @throws Error once the deadline has passed here
 */
export async function beforeDeadline<T> (clock: ServerClock, deadline: number, call: (deadlineThere: number) => Promise<T | typeof LATE>): Promise<T> {
  for (;;) {
    const deadlineThere = Math.floor(await clock.timeThere(Math.min(deadline, NEVER)))
    checkDeadline(deadline)
    const result = await call(deadlineThere)
    if (result !== LATE) return result
    clock.measureAgain()
  }
}
