import type { FastifyRequest } from 'fastify'
import type { Registration } from '../registration.ts'
import { type Claims, customClaims } from '../tokens/claims.ts'
import { type User, isActive } from '../user.ts'

/** The parts of a registration that custom claims depend on. */
export type ClaimParts = Pick<Registration, 'options' | 'unauthorized'>

/**
 * Returns whether each refresh computes custom claims, so the refresh token need not carry them.
 */
export const recomputesClaims = ({ options }: Pick<ClaimParts, 'options'>): boolean =>
  options.claims !== undefined && options.findUser !== undefined

/** Keeps every token below the length that we accept. */
const MAX_CLAIMS_BYTES = 4096
/** Keeps a refresh token below the size of a cookie. */
const MAX_COOKIE_CLAIMS_BYTES = 2048

const maxBytes = (parts: ClaimParts): number =>
  parts.options.cookie !== false && !recomputesClaims(parts)
    ? MAX_COOKIE_CLAIMS_BYTES
    : MAX_CLAIMS_BYTES

const fits = (parts: ClaimParts, custom: Record<string, unknown>): boolean =>
  Buffer.byteLength(JSON.stringify(custom)) <= maxBytes(parts)

/**
 * Returns the custom claims for a login. Call it before a session starts or a token is spent, so
 * that a throw costs the user neither.
 * @throws TypeError or RangeError for claims that no token can carry: a fault of the host
 */
export async function claimsAtLogin (
  parts: ClaimParts, user: User, request?: FastifyRequest
): Promise<Record<string, unknown>> {
  const given: unknown = await parts.options.claims?.(user, request) ?? {}
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    throw new TypeError('fastify-simplejwt: claims() must resolve to an object.')
  }
  const custom = customClaims(given as Record<string, unknown>)
  if (!fits(parts, custom)) {
    throw new RangeError(
      `fastify-simplejwt: custom claims must take at most ${maxBytes(parts)} bytes as JSON. ` +
        'Return fewer claims from claims().')
  }
  return custom
}

/** Returns the claims that a refresh token carries. Another server's token may carry too many. */
function carriedClaims (parts: ClaimParts, presented: Claims): Record<string, unknown> {
  const custom = customClaims(presented)
  if (!fits(parts, custom)) throw parts.unauthorized.refused('Token is invalid')
  return custom
}

/**
 * Returns the custom claims for a refresh: computed for the current user, or those that the
 * refresh token carries.
 * @throws SimpleJwtError 401 if the user is gone or inactive
 */
export async function claimsAtRefresh (
  parts: ClaimParts, presented: Claims, request?: FastifyRequest
): Promise<Record<string, unknown>> {
  const { findUser } = parts.options
  if (findUser === undefined) return carriedClaims(parts, presented)
  const user = await findUser(presented.user_id, request)
  if (!user || !isActive(user)) throw parts.unauthorized.noActiveAccount()
  return recomputesClaims(parts)
    ? claimsAtLogin(parts, user, request)
    : carriedClaims(parts, presented)
}
