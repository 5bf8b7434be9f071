import type { FastifyRequest } from 'fastify'
import { SimpleJwtError, authenticate } from 'fastify-simplejwt'

const RECENT_SECONDS = 10 * 60
const nowInSeconds = (): number => Math.floor(Date.now() / 1000)

/** Claims of a login: how (RFC 8176) and when (OpenID Connect) the user logged in. */
export const loginClaims = (...amr: string[]) => ({ amr, auth_time: nowInSeconds() })

/**
 * Guards routes that change how the user logs in. A session lives for days, and a stolen access
 * token must not be enough. The page answers a 403 with `login_again` by its login form.
 */
export async function recentLogin (request: FastifyRequest): Promise<void> {
  await authenticate(request)
  const { auth_time: loggedInAt = 0 } = request.user
  if (loggedInAt + RECENT_SECONDS < nowInSeconds()) {
    throw new SimpleJwtError(403, 'login_again', { detail: 'Log in again.', code: 'login_again' })
  }
}
