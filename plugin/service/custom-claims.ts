import type { FastifyRequest } from 'fastify'
import { newId } from '../ids.ts'
import type { Registration } from '../registration.ts'
import { sidOf } from '../sessions/lifecycle.ts'
import { type Claims, type RefreshClaims, customClaims } from '../tokens/claims.ts'
import { type Account, type User, isActive, userIdOf } from '../user.ts'
import { refuseReserved, refuseUnclaimable } from './claim-values.ts'
import {
  type SessionSettings, carriedSettings, sessionOptionsClaim
} from './session-options.ts'

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

/** The claims of the host, for the two tokens of a pair. */
export interface PairClaims {
  access: Record<string, unknown>
  /** Carried to the next refresh, which does not compute them again. */
  refresh: Record<string, unknown>
  /** The claim `session_options` of the refresh token. */
  sessionOptions: Record<string, unknown> | undefined
}

const pairClaims = (
  parts: ClaimParts, custom: Record<string, unknown>, settings: SessionSettings
): PairClaims => ({
  access: { ...custom, ...settings.claims },
  refresh: recomputesClaims(parts) ? {} : custom,
  sessionOptions: sessionOptionsClaim(settings)
})

const bytesOf = (value: object): number => Buffer.byteLength(JSON.stringify(value))

/** Returns the limit that the claims exceed, in bytes, or undefined. */
function exceededLimit (
  { options: { cookie } }: ClaimParts, { access, refresh, sessionOptions }: PairClaims
): number | undefined {
  const isBare = sessionOptions === undefined &&
    Object.keys(access).length === 0 && Object.keys(refresh).length === 0
  if (isBare) return undefined
  const carried = bytesOf({ ...refresh, session_options: sessionOptions })
  if (cookie !== false && carried > MAX_COOKIE_CLAIMS_BYTES) return MAX_COOKIE_CLAIMS_BYTES
  return Math.max(bytesOf(access), carried) > MAX_CLAIMS_BYTES ? MAX_CLAIMS_BYTES : undefined
}

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
  parts: ClaimParts, { sid, userId }: Owner, { access, refresh, sessionOptions }: PairClaims
): void {
  const { options: { issuer, audience, now }, tokens, transport } = parts
  // The claims of both tokens are longer than those of each.
  const both = bytesOf([sid, userId, issuer, audience, access, refresh, sessionOptions])
  if (both < SHORT_PAYLOAD_BYTES) return
  const time = now()
  const times = { issuedAt: time, expiresAt: time, endsAt: time, accessLifetime: 0 }
  const seed = { sid, userId, jti: newId(), ...times }
  tokens.mintAccess(seed, access)
  transport.refuseLong(tokens.mintRefresh(seed, refresh, sessionOptions))
}

/**
 * Returns the custom claims for a login. Call it before a session starts or a token is spent, so
 * that a throw costs the user neither.
 * @throws TypeError or RangeError for claims that no token can carry: a fault of the host
 */
export async function claimsAtLogin (
  parts: ClaimParts, user: User, settings: SessionSettings, request?: FastifyRequest
): Promise<PairClaims> {
  return computedClaims(parts, { sid: newId(), userId: userIdOf(user) }, settings, {
    user, request
  })
}

async function computedClaims (
  parts: ClaimParts,
  owner: Owner,
  settings: SessionSettings,
  { user, request }: { user: User, request: FastifyRequest | undefined }
): Promise<PairClaims> {
  const { claims, userIdClaim } = parts.options
  const given: unknown = await claims?.(user as Account, request) ?? {}
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    throw new TypeError('fastify-simplejwt: claims() must resolve to an object.')
  }
  refuseUnclaimable(given)
  refuseReserved(given, userIdClaim, 'the result of claims()')
  const result = pairClaims(parts, { ...given }, settings)
  const limit = exceededLimit(parts, result)
  if (limit !== undefined) {
    throw new RangeError(
      `fastify-simplejwt: custom claims must take at most ${limit} bytes as JSON. ` +
        'Return fewer claims from claims(), or give the session fewer.')
  }
  refuseLongTokens(parts, owner, result)
  return result
}

/** Returns the claims that a refresh token carries. Another server's token may carry too many. */
function carriedClaims (
  parts: ClaimParts, presented: Claims, owner: Owner, settings: SessionSettings
): PairClaims {
  const result = pairClaims(parts, customClaims(presented, parts.options.userIdClaim), settings)
  if (exceededLimit(parts, result) === undefined) {
    try {
      refuseLongTokens(parts, owner, result)
      return result
    } catch (error) {
      // Only the length is the token's. A key that cannot sign is a fault.
      if (!(error instanceof RangeError)) throw error
    }
  }
  throw parts.unauthorized.refused('Token is invalid')
}

/**
 * Returns the custom claims for a refresh: computed for the current user, or those that the
 * refresh token carries. The claims of the session are in both. Returns a promise only with
 * `findUser`.
 * @throws SimpleJwtError 401 if the user is gone or inactive
 */
export function claimsAtRefresh (
  parts: ClaimParts, presented: RefreshClaims, request?: FastifyRequest
): PairClaims | Promise<PairClaims> {
  const { findUser } = parts.options
  const owner = { sid: sidOf(presented), userId: presented.user_id }
  const settings = carriedSettings(presented)
  const carried = (): PairClaims => carriedClaims(parts, presented, owner, settings)
  if (findUser === undefined) return carried()

  const ofCurrentUser = async (): Promise<PairClaims> => {
    const user = await findUser(presented.user_id, request) as User | null
    if (!user || !isActive(user)) throw parts.unauthorized.noActiveAccount()
    return recomputesClaims(parts)
      ? computedClaims(parts, owner, settings, { user, request })
      : carried()
  }
  return ofCurrentUser()
}
