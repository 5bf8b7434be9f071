import type { Core } from '../registration.ts'
import { recomputesClaims } from './custom-claims.ts'
import type { Session } from '../stores/session.ts'
import type { TokenPair } from '../tokens/jwt.ts'

/** The tokens that a session has now: a new access token, and its refresh token, the same each time it is asked for. */
export function mintPair (core: Core, session: Session, custom: Record<string, unknown>): TokenPair {
  return {
    refresh: core.tokens.mintRefresh(session, recomputesClaims(core) ? {} : custom),
    access: core.tokens.mintAccess(session, custom)
  }
}
