/** A jump of the wall clock that lasts less than this deletes nothing. */
const HOLD_MS = 3_600_000
/** A smaller step is drift. */
const TOLERANCE_MS = 10_000

/** The wall clock and the monotonic clock of this process, in milliseconds. */
export interface Clocks { wall(): number, monotonic(): number }

export const SYSTEM_CLOCKS: Clocks =
  { wall: () => Date.now(), monotonic: () => performance.now() }

/**
 * Returns a function that measures, in milliseconds, how far the wall clock has jumped ahead in the
 * last hour. A clock that jumps ahead and back would otherwise make a sweep delete sessions that
 * are still needed. Call the function at least once an hour.
 */
export function clockJump ({ wall, monotonic }: Clocks = SYSTEM_CLOCKS): () => number {
  /** How far the wall clock was ahead of the monotonic one, ascending. Each expires at `until`. */
  let samples: { ahead: number, until: number }[] = []

  function measure (): number {
    const at = monotonic()
    const ahead = wall() - at
    samples = samples.filter(sample => sample.until > at && sample.ahead < ahead - TOLERANCE_MS)
    const jump = ahead - (samples[0]?.ahead ?? ahead)
    samples.push({ ahead, until: at + HOLD_MS })
    return jump
  }

  measure()
  return measure
}
