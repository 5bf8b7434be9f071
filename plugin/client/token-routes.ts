import { type Answer, readAnswer } from './answer.ts'
import type { ClientPaths } from './client.ts'
import type { Parts } from './parts.ts'

/** The usual path of each route, below `prefix`. */
const USUAL = { obtain: '', refresh: 'refresh/', blacklist: 'blacklist/', sessions: 'sessions/' }

/** Returns the URL of a token route. */
export const routeOf = (
  { url, prefix, options: { paths } }: Parts, route: keyof ClientPaths
): URL => url(paths?.[route] ?? `${prefix}/${USUAL[route]}`)

/** Posts JSON to a token route. @throws if no complete answer arrives in time */
export async function post (
  { send, inCookie, options: { timeout = 4 } }: Parts,
  route: URL,
  body: string | null,
  limit = timeout
): Promise<Answer> {
  const late = new AbortController()
  const timer = setTimeout(() => late.abort(), limit * 1000)
  try {
    return await readAnswer(await send(route, {
      method: 'POST',
      signal: late.signal,
      credentials: inCookie ? 'include' : 'omit',
      // Without a body, a request to another origin needs no preflight.
      ...(body && { headers: { 'content-type': 'application/json' }, body })
    }))
  } finally {
    clearTimeout(timer)
  }
}

/** Returns the body that presents a refresh token. In cookie mode there is none. */
export const presenting = (refresh: string | null): string | null =>
  refresh && JSON.stringify({ refresh })
