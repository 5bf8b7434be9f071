import type { Registration } from '../registration.ts'
import type { Session } from '../stores/session.ts'
import type { TokenPair } from '../tokens/jwt.ts'
import type { PairClaims } from './custom-claims.ts'

/**
 * Mints a new access token and the session's current refresh token, which is the same at each
 * call.
 */
export function mintPair (
  { tokens }: Pick<Registration, 'tokens'>, session: Session, claims: PairClaims
): TokenPair {
  return {
    refresh: tokens.mintRefresh(session, claims.refresh, claims.sessionOptions),
    access: tokens.mintAccess(session, claims.access)
  }
}
