/** Milliseconds. */
const GRACE = 50

/**
 * What a call comes to, if it does so in time (milliseconds). What it comes to later is nobody's concern.
 * @throws Error that says who did not answer
 */
export async function inTime<T> (call: Promise<T>, time: number, who: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const timeout = new Promise<never>((_resolve, reject) => {
    // In two steps, so that an answer which came while the event loop was busy is read before the call is given up.
    const rest = Math.min(GRACE, time / 2)
    timer = setTimeout(() => {
      timer = setTimeout(reject, rest, new Error(`${who} did not answer within ${time} ms.`))
    }, time - rest)
  })
  try {
    return await Promise.race([call, timeout])
  } finally {
    clearTimeout(timer)
  }
}
