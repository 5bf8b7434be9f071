import { type Answer, readAnswer } from './answer.ts'
import { AuthError, unreachable } from './auth-error.ts'
import { authorizedFetch } from './authorized-fetch.ts'
import type { Parts } from './parts.ts'
import { routeOf } from './token-routes.ts'

/** Calls the sessions route, or that of one session, with the access token. */
export async function callSessions (
  parts: Parts, method: 'GET' | 'DELETE', sid = ''
): Promise<Answer> {
  const url = routeOf(parts, 'sessions').href.replace(/\/?$/, '/') + encodeURIComponent(sid)
  try {
    // The server removes the cookie with the session, if the request may bring it.
    const credentials = parts.inCookie ? 'include' : 'same-origin'
    return await readAnswer(await authorizedFetch(parts, url, { method, credentials }))
  } catch (cause) {
    throw cause instanceof AuthError ? cause : unreachable(cause)
  }
}
