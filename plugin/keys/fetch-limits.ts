/** A signal that aborts a fetch, and the function that drops its timer. */
export interface Deadline { readonly signal: AbortSignal, clear(): void }

/**
 * Returns a signal that aborts after `timeoutMs`, or once `closing` does. Node 20 garbage-collects
 * a signal of AbortSignal.any with AbortSignal.timeout, and then the timeout never fires.
 * @param message of the TimeoutError
 */
export function abortAfter (timeoutMs: number, message: string, closing: AbortSignal): Deadline {
  const giveUp = new AbortController()
  const close = (): void => giveUp.abort(closing.reason)
  const timeout = new DOMException(message, 'TimeoutError')
  const timer = setTimeout(() => giveUp.abort(timeout), timeoutMs).unref()
  closing.addEventListener('abort', close)
  if (closing.aborted) close()
  return {
    signal: giveUp.signal,
    clear: () => {
      clearTimeout(timer)
      closing.removeEventListener('abort', close)
    }
  }
}

/**
 * Reads a body as UTF-8. As Response.json() does, it leaves out a byte order mark.
 * @throws Error if the body is longer
 */
export async function boundedText (
  body: AsyncIterable<Uint8Array> | Iterable<Uint8Array>, maxBytes: number
): Promise<string> {
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of body) {
    length += chunk.length
    if (length > maxBytes) throw new Error(`The response is longer than ${maxBytes} bytes.`)
    chunks.push(chunk)
  }
  return new TextDecoder().decode(Buffer.concat(chunks))
}

/**
 * Returns the `max-age` of a response in milliseconds (RFC 9111 section 5.2.2.1), minus the time
 * that it spent in caches. Undefined for a response without it.
 */
export function maxAgeOf (cacheControl: string, age: string): number | undefined {
  if (/\bno-(store|cache)\b/i.test(cacheControl)) return 0
  const seconds = /(?:^|[\s,])max-age="?(\d{1,9})/i.exec(cacheControl)?.[1]
  if (seconds === undefined) return undefined
  return Math.max(0, Number(seconds) - Number(age)) * 1000 || 0
}
