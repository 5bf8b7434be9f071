/** The clock of a database server, which may be ahead of ours or behind. */
export interface ServerClock {
  /** A time of ours by the server's clock, or a little before it. */
  timeThere(time: number): Promise<number>
  /** Says that the server's clock was not what it was thought to be. */
  measureAgain(): void
}

/** Milliseconds for which a measurement is believed. */
const BELIEVED = 30_000
/** Milliseconds. What took longer to ask is too vague to be believed any longer than the call that asked. */
const PROMPT = 200

/** @param ask the time on the server, in milliseconds */
export function serverClock (ask: () => Promise<number>): ServerClock {
  let ahead = 0
  let measuredAt = -Infinity
  let measuring: { result: Promise<void>, since: number } | undefined

  async function measure (): Promise<void> {
    const asked = performance.now()
    const there = await ask()
    const took = performance.now() - asked
    // By the end of the question, not its middle: an error makes a deadline earlier than it need be, never later. And by a
    // clock that nobody sets.
    ahead = there - performance.now()
    measuredAt = took < PROMPT ? performance.now() : -Infinity
  }

  // All that come meanwhile wait for one answer, but not for one that may never come.
  function measureOnce (): Promise<void> {
    if (measuring === undefined || performance.now() - measuring.since > PROMPT) {
      const mine = { result: measure().finally(() => { if (measuring === mine) measuring = undefined }), since: performance.now() }
      measuring = mine
    }
    return measuring.result
  }

  return {
    async timeThere (time) {
      if (performance.now() - measuredAt > BELIEVED) await measureOnce()
      return time - Date.now() + performance.now() + ahead
    },
    measureAgain () { measuredAt = -Infinity }
  }
}
