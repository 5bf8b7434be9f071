import type { FastifyRequest } from 'fastify'
import { newId } from '../ids.ts'
import type { Registration } from '../registration.ts'
import { sidOf } from '../sessions/lifecycle.ts'
import { type Claims, type RefreshClaims, customClaims } from '../tokens/claims.ts'
import { type User, isActive, userIdOf } from '../user.ts'
import { refuseUnclaimable } from './claim-values.ts'

/** The parts of a registration that custom claims depend on. */
export type ClaimParts = Pick<Registration, 'options' | 'unauthorized' | 'tokens' | 'transport'>

/**
 * Returns whether each refresh computes custom claims, so the refresh token need not carry them.
 */
export const recomputesClaims = ({ options }: Pick<ClaimParts, 'options'>): boolean =>
  options.claims !== undefined && options.findUser !== undefined

const MAX_CLAIMS_BYTES = 4096
/** Keeps a refresh token below the size of a cookie. */
const MAX_COOKIE_CLAIMS_BYTES = 2048

const maxBytes = (parts: ClaimParts): number =>
  parts.options.cookie !== false && !recomputesClaims(parts)
    ? MAX_COOKIE_CLAIMS_BYTES
    : MAX_CLAIMS_BYTES

const fits = (parts: ClaimParts, custom: Record<string, unknown>): boolean =>
  Buffer.byteLength(JSON.stringify(custom)) <= maxBytes(parts)

/** Whose tokens carry the claims: the longest parts of a token that depend on the session. */
interface Owner { sid: string, userId: string }

/** A shorter payload fits with any usual key and kid, so these tokens need not be minted twice. */
const SHORT_PAYLOAD_BYTES = 768

/**
 * Mints tokens as long as those of a session, since only their length counts in the end: the id,
 * issuer, audience, claims, kid and signature.
 * @throws RangeError for a token that our guard would refuse, or that fits into no cookie
 */
function refuseLongTokens (
  parts: ClaimParts, { sid, userId }: Owner, custom: Record<string, unknown>
): void {
  const { options: { issuer, audience, now }, tokens, transport } = parts
  const payload = JSON.stringify([sid, userId, issuer, audience, custom])
  if (Buffer.byteLength(payload) < SHORT_PAYLOAD_BYTES) return
  const time = now()
  const times = { issuedAt: time, expiresAt: time, endsAt: time, accessLifetime: 0 }
  const seed = { sid, userId, jti: newId(), ...times }
  tokens.mintAccess(seed, custom)
  transport.refuseLong(tokens.mintRefresh(seed, recomputesClaims(parts) ? {} : custom))
}

/**
 * Returns the custom claims for a login. Call it before a session starts or a token is spent, so
 * that a throw costs the user neither.
 * @throws TypeError or RangeError for claims that no token can carry: a fault of the host
 */
export async function claimsAtLogin (
  parts: ClaimParts, user: User, request?: FastifyRequest
): Promise<Record<string, unknown>> {
  return claimsOf(parts, user, { sid: newId(), userId: userIdOf(user) }, request)
}

async function claimsOf (
  parts: ClaimParts, user: User, owner: Owner, request?: FastifyRequest
): Promise<Record<string, unknown>> {
  const given: unknown = await parts.options.claims?.(user, request) ?? {}
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    throw new TypeError('fastify-simplejwt: claims() must resolve to an object.')
  }
  refuseUnclaimable(given)
  const custom = customClaims(given as Record<string, unknown>, parts.options.userIdClaim)
  if (!fits(parts, custom)) {
    throw new RangeError(
      `fastify-simplejwt: custom claims must take at most ${maxBytes(parts)} bytes as JSON. ` +
        'Return fewer claims from claims().')
  }
  refuseLongTokens(parts, owner, custom)
  return custom
}

/** Returns the claims that a refresh token carries. Another server's token may carry too many. */
function carriedClaims (
  parts: ClaimParts, presented: Claims, owner: Owner
): Record<string, unknown> {
  const custom = customClaims(presented, parts.options.userIdClaim)
  if (fits(parts, custom)) {
    try {
      refuseLongTokens(parts, owner, custom)
      return custom
    } catch (error) {
      // Only the length is the token's. A key that cannot sign is a fault.
      if (!(error instanceof RangeError)) throw error
    }
  }
  throw parts.unauthorized.refused('Token is invalid')
}

/**
 * Returns the custom claims for a refresh: computed for the current user, or those that the
 * refresh token carries.
 * @throws SimpleJwtError 401 if the user is gone or inactive
 */
export async function claimsAtRefresh (
  parts: ClaimParts, presented: RefreshClaims, request?: FastifyRequest
): Promise<Record<string, unknown>> {
  const { findUser } = parts.options
  const owner = { sid: sidOf(presented), userId: presented.user_id }
  if (findUser === undefined) return carriedClaims(parts, presented, owner)
  const user = await findUser(presented.user_id, request)
  if (!user || !isActive(user)) throw parts.unauthorized.noActiveAccount()
  return recomputesClaims(parts)
    ? claimsOf(parts, user, owner, request)
    : carriedClaims(parts, presented, owner)
}
