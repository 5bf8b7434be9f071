import type { Registration } from '../registration.ts'
import type { ClientInfo } from '../sessions/client-info.ts'
import type { RefreshClaims } from '../tokens/claims.ts'
import { MAX_ID_LENGTH } from '../user.ts'

/**
 * Creates the session of a refresh token without `sid`: one that another server minted.
 * @throws SimpleJwtError 401 for such a token, unless `adoptRefreshTokens` is on
 */
export async function adoptIfForeign (
  { options, unauthorized, sessions }: Pick<Registration, 'options' | 'unauthorized' | 'sessions'>,
  claims: RefreshClaims,
  client: ClientInfo
): Promise<void> {
  if (claims.sid !== undefined) return
  if (!options.adoptRefreshTokens) throw unauthorized.refused('Token is blacklisted')
  // Both become ids in the store.
  if (Math.max(claims.user_id.length, claims.jti.length) > MAX_ID_LENGTH) {
    throw unauthorized.refused('Token is invalid')
  }
  await sessions.adopt(claims, client)
}
