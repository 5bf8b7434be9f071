import type { FastifyRequest } from 'fastify'
import {
  type GuardParts, authenticateOwn, createAuthenticateOptional
} from '../guard/authenticate.ts'
import { knownGuard } from '../guard/known-guards.ts'
import type { Registration } from '../registration.ts'
import type { Session } from '../sessions/lifecycle.ts'
import type { AccessClaims } from '../tokens/claims.ts'

type LoginParts = GuardParts & Pick<Registration, 'sessions'>

/**
 * Builds the guards of the consent page's routes. They admit the user's own login only: an app
 * must not allow another app.
 */
export function createOwnLogin (parts: LoginParts) {
  // The host's hooks may change request.user. So the claims of a request are kept here.
  const logins = new WeakMap<FastifyRequest, AccessClaims>()
  const authenticateOptional = createAuthenticateOptional(parts)

  async function required (request: FastifyRequest): Promise<void> {
    const claims = await authenticateOwn(request, parts)
    logins.set(request, claims)
    request.user = claims
  }

  async function optional (request: FastifyRequest): Promise<void> {
    await authenticateOptional(request)
    const claims = request.user as AccessClaims | null
    if (claims !== null) logins.set(request, claims)
  }

  return {
    required: knownGuard(required),
    optional: knownGuard(optional, true),
    /** Returns the claims of the login, or undefined for a visitor of an optional route. */
    claimsOf: (request: FastifyRequest): AccessClaims | undefined => logins.get(request),
    /**
     * Returns the session of the login, or null for a login at another server, whose time is
     * unknown. Its session here begins when this server adopts its refresh token.
     * @throws SimpleJwtError 401 if the session is revoked
     */
    async sessionOf ({ sid }: AccessClaims): Promise<Session | null> {
      const session = sid === undefined ? null : await parts.sessions.find(sid)
      if (session === null) return null
      if (session.revokedAt !== null) {
        throw parts.unauthorized.refusedByGuard('Token is blacklisted')
      }
      return session.adoptedUntil === null ? session : null
    }
  }
}
