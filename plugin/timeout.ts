/** Time after the main timer in which a late answer is still read. */
const GRACE_MS = 50

/**
 * Resolves like `call`, or rejects after `timeoutMs`. Ignores late results.
 * @throws Error that names `who` did not answer
 */
export async function withTimeout<T> (
  call: Promise<T>,
  timeoutMs: number,
  who: string
): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const timeout = new Promise<never>((_resolve, reject) => {
    // A busy event loop fires timers before it reads sockets. The second timer lets an answer that
    // has arrived be read first.
    const grace = Math.min(GRACE_MS, timeoutMs / 2)
    timer = setTimeout(() => {
      timer = setTimeout(reject, grace, new Error(`${who} did not answer within ${timeoutMs} ms.`))
    }, timeoutMs - grace)
  })
  try {
    return await Promise.race([call, timeout])
  } finally {
    clearTimeout(timer)
  }
}
