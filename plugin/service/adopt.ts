import type { Registration } from '../registration.ts'
import type { ClientInfo } from '../sessions/client-info.ts'
import type { RefreshClaims } from '../tokens/claims.ts'

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
  await sessions.adopt(claims, client)
}
