import type { FastifyRequest } from 'fastify'
import { claimsOrThrow } from '../errors.ts'
import type { Registration } from '../registration.ts'
import { sidOf } from '../sessions/lifecycle.ts'
import { type Claims, type RefreshClaims, isOfClient } from '../tokens/claims.ts'
import { checkAdoptable, checkAllowed } from './adopt.ts'

/** The parts of a registration that verify a token of either kind. */
export type VerifyParts = Pick<
  Registration, 'options' | 'tokens' | 'sessions' | 'isRevoked' | 'unauthorized' | 'rateLimiter'
>

/**
 * Returns the claims of a token of either kind, if it is good and its session is live. Refuses the
 * access token of an OAuth client: the service that asks would take the client for the user.
 * @throws SimpleJwtError 401, or 429 for a request over the limit of its session
 */
export async function verify (
  parts: VerifyParts, token: string, request?: FastifyRequest
): Promise<Claims> {
  const { tokens, unauthorized, rateLimiter } = parts
  await tokens.missingKey(token)
  const claims = claimsOrThrow(tokens.verifyAny(token), unauthorized.refused)
  if (claims.token_type === 'access' && isOfClient(claims)) {
    throw unauthorized.refused('Token has wrong type')
  }
  await rateLimiter.refreshPerSession('verify', claims, request)
  const isBlacklisted = claims.token_type === 'refresh'
    ? await isSpent(parts, claims as RefreshClaims, request)
    : await parts.isRevoked(claims)
  if (isBlacklisted) throw unauthorized.refused('Token is blacklisted')
  return claims
}

/**
 * Returns whether a refresh would refuse the token. A token that was just spent is still good, for
 * any client: otherwise a thief who polls learns the second at which its owner refreshed. A foreign
 * token that may still be adopted has no session yet, and is good.
 */
async function isSpent (
  parts: VerifyParts, claims: RefreshClaims, request: FastifyRequest | undefined
): Promise<boolean> {
  const isForeign = claims.sid === undefined
  if (isForeign) checkAdoptable(parts, claims)
  const session = await parts.sessions.find(sidOf(claims))
  if (isForeign) await checkAllowed(parts, claims, session, request)
  if (session === null) return !isForeign
  return !parts.sessions.isAccepted(session, claims.jti)
}
