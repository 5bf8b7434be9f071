import type { Registration } from '../registration.ts'
import type { ClientInfo } from '../sessions/client-info.ts'
import type { RefreshClaims } from '../tokens/claims.ts'
import { MAX_ID_LENGTH } from '../user.ts'

/** Of a `jti` that another server chose. Becomes a session id. */
const MAX_JTI_BYTES = 1024

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
  // Both become ids in the store, and databases bound the size of an index entry.
  if (claims.user_id.length > MAX_ID_LENGTH || Buffer.byteLength(claims.jti) > MAX_JTI_BYTES) {
    throw unauthorized.refused('Token is invalid')
  }
}
