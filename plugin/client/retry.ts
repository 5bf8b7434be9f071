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
export async function retry (request: () => Promise<Answer>): Promise<Answer> {
  const started = performance.now()
  for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(pause * 2, LONGEST_PAUSE_MS)) {
    const answer = await request()
    const { status = 500, retryAfter = 0 } = answer
    if (status !== 429 && status < 500) return answer
    // The share of chance keeps the tabs of many users apart after an outage.
    const wait = Math.max(pause, retryAfter * 1000) * (1 + Math.random() / 4)
    if (performance.now() - started + wait > PATIENCE_MS) throw refusal(answer, 'unavailable')
    await sleep(wait)
  }
}
