import type { FastifyRequest } from 'fastify'
import type { Registration } from '../registration.ts'
import { clientInfo, eventSubject } from '../sessions/client-info.ts'
import type { TokenPair } from '../tokens/jwt.ts'
import { type User, isActive, userIdOf } from '../user.ts'
import { claimsAtLogin } from './custom-claims.ts'
import { mintPair } from './token-pair.ts'

/** The parts of a registration that a login uses. */
export type IssueParts = Pick<
  Registration, 'options' | 'unauthorized' | 'sessions' | 'tokens' | 'transport' | 'emit'
>

/**
 * Starts a session for a user and mints its first pair.
 * @throws SimpleJwtError 401 for an inactive user
 */
export async function issue (
  parts: IssueParts, user: User, request?: FastifyRequest
): Promise<TokenPair> {
  if (!isActive(user)) throw parts.unauthorized.wrongCredentials()
  const claims = await claimsAtLogin(parts, user, request)
  const session = await parts.sessions.start(userIdOf(user), clientInfo(request))
  parts.emit({ type: 'login', ...eventSubject(session, request) }, request?.log)
  return mintPair(parts, session, claims)
}
