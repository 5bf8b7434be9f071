import type { RefreshClaims } from '../tokens/claims.ts'
import type { Core } from '../registration.ts'
import type { Origin } from '../sessions/client-info.ts'

/** A refresh token without `sid` was minted by another server: its session is taken over here, if the option allows it. */
export async function adoptIfForeign (core: Core, claims: RefreshClaims, origin: Origin): Promise<void> {
  if (claims.sid !== undefined) return
  if (!core.options.adoptRefreshTokens) throw core.unauthorized.refused('Token is blacklisted')
  await core.sessions.adopt(claims, origin)
}
