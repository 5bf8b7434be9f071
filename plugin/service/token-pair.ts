import type { Registration } from '../registration.ts'
import type { Session } from '../stores/session.ts'
import type { TokenPair } from '../tokens/jwt.ts'
import { recomputesClaims } from './custom-claims.ts'

/**
 * Mints a new access token and the session's current refresh token, which is the same at each
 * call.
 */
export function mintPair (
  parts: Pick<Registration, 'tokens' | 'options'>,
  session: Session,
  custom: Record<string, unknown>
): TokenPair {
  return {
    refresh: parts.tokens.mintRefresh(session, recomputesClaims(parts) ? {} : custom),
    access: parts.tokens.mintAccess(session, custom)
  }
}
