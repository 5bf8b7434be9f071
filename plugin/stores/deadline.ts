import { checkDeadline } from './rotation.ts'

/** The clock of a database server, which may be ahead of ours or behind it. */
export interface ServerClock {
  /** Converts a time of ours to the server's clock, never to a later instant. */
  timeThere(time: number): Promise<number>
  /** Discards the measurement, for a server whose clock has jumped. */
  measureAgain(): void
}

const MEASUREMENT_LIFETIME_MS = 30_000
/** A measurement with a longer round trip is used for one call only: it is too imprecise. */
const MAX_ROUND_TRIP_MS = 200

/** @param ask returns the server's time in milliseconds */
export function serverClock (ask: () => Promise<number>): ServerClock {
  let ahead = 0
  let measuredAt = -Infinity
  let measuring: { result: Promise<void>, since: number } | undefined

  async function measure (): Promise<void> {
    const asked = performance.now()
    const there = await ask()
    const roundTrip = performance.now() - asked
    // Measured at the end of the round trip: an error moves a deadline earlier, never later.
    // performance.now() cannot be set back.
    ahead = there - performance.now()
    measuredAt = roundTrip < MAX_ROUND_TRIP_MS ? performance.now() : -Infinity
  }

  // Concurrent callers share one measurement, but not one that may never return.
  function measureOnce (): Promise<void> {
    if (measuring === undefined || performance.now() - measuring.since > MAX_ROUND_TRIP_MS) {
      const mine = {
        result: measure().finally(() => { if (measuring === mine) measuring = undefined }),
        since: performance.now()
      }
      measuring = mine
    }
    return measuring.result
  }

  return {
    async timeThere (time) {
      if (performance.now() - measuredAt > MEASUREMENT_LIFETIME_MS) await measureOnce()
      return time - Date.now() + performance.now() + ahead
    },
    measureAgain () { measuredAt = -Infinity }
  }
}

/** The answer to a call that reached the server after its deadline and changed nothing. */
export const LATE = 'late'

/** Stands for "no deadline", as a number that every server can hold. In milliseconds. */
const NEVER_MS = 8_640_000_000_000_000

/** Converts a deadline to the server's clock, in whole milliseconds. */
export const deadlineThere = async (clock: ServerClock, deadline: number): Promise<number> =>
  Math.floor(await clock.timeThere(Math.min(deadline, NEVER_MS)))

/**
 * Makes a call with its deadline by the server's clock. Repeats the call if it was late only
 * because the server's clock has changed.
 * @throws Error once the deadline has passed here
 */
export async function beforeDeadline<T> (
  clock: ServerClock,
  deadline: number,
  call: (deadlineThere: number) => Promise<T | typeof LATE>
): Promise<T> {
  for (;;) {
    const there = await deadlineThere(clock, deadline)
    checkDeadline(deadline)
    const result = await call(there)
    if (result !== LATE) return result
    clock.measureAgain()
  }
}
