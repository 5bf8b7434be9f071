import { claimsOrThrow } from '../errors.ts'
import type { Registration } from '../registration.ts'
import { sidOf } from '../sessions/lifecycle.ts'
import type { Claims, RefreshClaims } from '../tokens/claims.ts'

/** The parts of a registration that verify a token of either kind. */
export type VerifyParts = Pick<
  Registration, 'options' | 'tokens' | 'sessions' | 'isRevoked' | 'unauthorized'
>

/**
 * Returns the claims of a token of either kind, if it is good and its session is live.
 * @throws SimpleJwtError 401
 */
export async function verify (parts: VerifyParts, token: string): Promise<Claims> {
  const { tokens, unauthorized } = parts
  await tokens.missingKey(token)
  const claims = claimsOrThrow(tokens.verifyAny(token), unauthorized.refused)
  const isBlacklisted = claims.token_type === 'refresh'
    ? await isSpent(parts, claims as RefreshClaims)
    : await parts.isRevoked(claims)
  if (isBlacklisted) throw unauthorized.refused('Token is blacklisted')
  return claims
}

/** A foreign token that may still be adopted has no session yet, and is good. */
async function isSpent (
  { options, sessions }: VerifyParts, claims: RefreshClaims
): Promise<boolean> {
  if (claims.sid === undefined && !options.adoptRefreshTokens) return true
  if (await sessions.current(claims) !== null) return false
  return claims.sid !== undefined || await sessions.find(sidOf(claims)) !== null
}
