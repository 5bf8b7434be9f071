import type { Registration } from '../registration.ts'
import type { ClientInfo } from '../sessions/client-info.ts'
import type { RefreshClaims } from '../tokens/claims.ts'
import { MAX_ID_LENGTH } from '../user.ts'

/** The parts of a registration that adopt a token. */
type AdoptParts = Pick<Registration, 'options' | 'unauthorized' | 'sessions'>

/**
 * Creates the session of a refresh token without `sid`: one that another server minted.
 * @throws SimpleJwtError 401 for such a token that cannot be adopted
 */
export async function adoptIfForeign (
  parts: AdoptParts, claims: RefreshClaims, client: ClientInfo
): Promise<void> {
  if (claims.sid !== undefined) return
  checkAdoptable(parts, claims)
  await parts.sessions.adopt(claims, client)
}

/** @throws SimpleJwtError 401 unless `adoptRefreshTokens` is on and the store can keep the token */
export function checkAdoptable (
  { options, unauthorized }: Omit<AdoptParts, 'sessions'>, claims: RefreshClaims
): void {
  if (!options.adoptRefreshTokens) throw unauthorized.refused('Token is blacklisted')
  // Both become ids in the store.
  if (Math.max(claims.user_id.length, claims.jti.length) > MAX_ID_LENGTH) {
    throw unauthorized.refused('Token is invalid')
  }
}
