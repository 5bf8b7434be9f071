/**
 * What a call comes to, and the longest that it kept the event loop from others, in milliseconds.
 * Counted in processor time: on a busy machine a turn takes longer by the clock than it does for
 * its work.
 */
export async function longestTurn<T> (
  call: () => Promise<T>
): Promise<{ result: T, longest: number }> {
  let longest = 0
  let running = true
  let since = process.cpuUsage()
  const look = (): void => {
    const { user, system } = process.cpuUsage(since)
    longest = Math.max(longest, (user + system) / 1000)
    since = process.cpuUsage()
    if (running) setImmediate(look)
  }
  setImmediate(look)
  try {
    return { result: await call(), get longest () { return longest } }
  } finally {
    running = false
    look()
  }
}
