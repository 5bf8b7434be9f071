import type { FastifyRequest } from 'fastify'
import type { Registration } from '../registration.ts'
import { clientInfo } from '../sessions/client-info.ts'
import { sidOf } from '../sessions/lifecycle.ts'
import type { Session } from '../stores/session.ts'
import type { RefreshClaims } from '../tokens/claims.ts'
import { MAX_ID_LENGTH } from '../user.ts'

/** Of a `jti` that another server chose. Becomes a session id. */
const MAX_JTI_BYTES = 1024

/** The parts of a registration that adopt a token. */
type AdoptParts = Pick<Registration, 'options' | 'unauthorized' | 'sessions'>

/**
 * Creates the session of a refresh token without `sid`: one that another server minted. Returns
 * undefined for a token of ours.
 * @throws SimpleJwtError 401 for such a token that cannot be adopted
 */
export const adoptIfForeign = (
  parts: AdoptParts, claims: RefreshClaims, request: FastifyRequest | undefined
): Promise<void> | undefined =>
  claims.sid === undefined ? adoptForeign(parts, claims, request) : undefined

async function adoptForeign (
  parts: AdoptParts, claims: RefreshClaims, request: FastifyRequest | undefined
): Promise<void> {
  checkAdoptable(parts, claims)
  if (typeof parts.options.adoptRefreshTokens === 'function') {
    const session = await parts.sessions.find(sidOf(claims))
    await checkAllowed(parts, claims, session, request)
  }
  await parts.sessions.adopt(claims, clientInfo(request))
}

/** @throws SimpleJwtError 401 unless `adoptRefreshTokens` is on and the store can keep the token */
export function checkAdoptable (
  { options, unauthorized }: Omit<AdoptParts, 'sessions'>, claims: RefreshClaims
): void {
  if (options.adoptRefreshTokens === false) throw unauthorized.refused('Token is blacklisted')
  // Both become ids in the store, and databases bound the size of an index entry.
  if (claims.user_id.length > MAX_ID_LENGTH || Buffer.byteLength(claims.jti) > MAX_JTI_BYTES) {
    throw unauthorized.refused('Token is invalid')
  }
}

/**
 * Lets the host decide about a foreign token that is not spent. The store alone decides about a
 * spent one: it must see the reuse, and the host may have blacklisted the token at the adoption.
 * @param session of the token, null before its adoption
 * @throws SimpleJwtError 401 unless `adoptRefreshTokens` returns true
 */
export async function checkAllowed (
  { options: { adoptRefreshTokens }, unauthorized }: Omit<AdoptParts, 'sessions'>,
  claims: RefreshClaims,
  session: Session | null,
  request: FastifyRequest | undefined
): Promise<void> {
  const isSpent = session !== null && session.jti !== claims.jti
  if (typeof adoptRefreshTokens !== 'function' || isSpent) return
  const allowed: unknown = await adoptRefreshTokens(claims, request)
  if (allowed !== true) throw unauthorized.refused('Token is blacklisted')
}
