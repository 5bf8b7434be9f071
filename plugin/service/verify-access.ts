import { claimsOrThrow } from '../errors.ts'
import type { Registration } from '../registration.ts'
import { type AccessClaims, isOfClient } from '../tokens/claims.ts'

type VerifyAccessParts = Pick<Registration, 'tokens' | 'isRevoked' | 'unauthorized'>

/**
 * Returns the claims of an access token, if it is good and its session is not revoked.
 * @throws SimpleJwtError 401, also for a refresh token and for a value that is not a string, or 403
 *   for the token of an OAuth client
 */
export async function verifyAccess (
  { tokens, isRevoked, unauthorized }: VerifyAccessParts, token: unknown
): Promise<AccessClaims> {
  if (typeof token !== 'string') throw unauthorized.refused('Token is invalid')
  await tokens.missingKey(token)
  const claims = claimsOrThrow(tokens.verifyAccess(token), unauthorized.refused)
  if (await isRevoked(claims)) throw unauthorized.refused('Token is blacklisted')
  if (isOfClient(claims)) throw unauthorized.insufficientScope('')
  return claims
}
