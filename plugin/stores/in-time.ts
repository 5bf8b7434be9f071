/**
 * What a call comes to, if it does so in time (milliseconds). What it comes to later is nobody's concern.
 * @throws Error that says who did not answer
 */
export async function inTime<T> (call: Promise<T>, time: number, who: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const timeout = new Promise<never>((_resolve, reject) => {
    // A turn later, in which an answer is read that came while the event loop was busy.
    timer = setTimeout(() => setImmediate(reject, new Error(`${who} did not answer within ${time} ms.`)), time)
  })
  try {
    return await Promise.race([call, timeout])
  } finally {
    clearTimeout(timer)
  }
}
