import { type Answer, refusal } from './answer.ts'

/** Time after which the client gives up. The network of a woken laptop takes seconds to return. */
const PATIENCE_MS = 8000
const FIRST_PAUSE_MS = 250
const LONGEST_PAUSE_MS = 1000

export const sleep = (ms: number): Promise<void> =>
  new Promise(resolve => { setTimeout(resolve, ms) })

/**
 * Repeats a request until the server answers it by anything but 429 or 5xx. Only for requests that
 * may be carried out twice.
 * @throws AuthError `unavailable` after 8 seconds, or at once if `Retry-After` is longer
 */
export async function retry (
  request: () => Promise<Answer>, startedMs = performance.now(), pauseMs = FIRST_PAUSE_MS
): Promise<Answer> {
  const answer = await request()
  const { status = 500, retryAfter = 0 } = answer
  if (status < 500 && status !== 429) return answer
  // The share of chance keeps the tabs of many users apart after an outage.
  const waitMs = Math.max(pauseMs, retryAfter * 1000) * (1 + Math.random() / 4)
  if (waitMs + performance.now() - startedMs > PATIENCE_MS) throw refusal(answer, 'unavailable')
  await sleep(waitMs)
  return retry(request, startedMs, Math.min(pauseMs * 2, LONGEST_PAUSE_MS))
}
