const aborted = new WeakMap<AbortSignal, Promise<never>>()

/** Waits for a promise until the signal of the caller aborts. The work itself goes on. */
export async function unlessAborted (
  promise: Promise<void>, signal: AbortSignal | null | undefined
): Promise<void> {
  if (!signal) return promise
  // Node warns of a leak if many calls share a signal, and each adds a listener.
  const abortion = aborted.get(signal) ?? new Promise<never>((_resolve, reject) => {
    const abort = (): void => reject(signal.reason)
    if (signal.aborted) abort()
    signal.addEventListener('abort', abort)
  })
  abortion.catch(() => {})
  aborted.set(signal, abortion)
  return Promise.race([promise, abortion])
}
