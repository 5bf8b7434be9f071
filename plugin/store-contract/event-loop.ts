/**
 * Returns the result of a call, and the longest time that it blocked the event loop, in
 * milliseconds. Measures processor time: on a busy machine the wall clock shows longer turns.
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
