import type { FastifyRequest } from 'fastify'
import { type Claims, customClaims } from '../tokens/claims.ts'
import type { Core } from '../registration.ts'
import { type User, isActive } from '../user.ts'

/** Whether custom claims are computed at each refresh, so that the refresh token need not carry them. */
export const recomputesClaims = ({ options }: Core): boolean => options.claims !== undefined && options.findUser !== undefined

/** Bytes that custom claims may take as JSON, so that no token of ours is too long to be accepted, and no refresh token for a cookie. */
const LARGEST = 4096
const LARGEST_IN_COOKIE = 2048

const largest = (core: Core): number => core.options.cookie !== false && !recomputesClaims(core) ? LARGEST_IN_COOKIE : LARGEST

const fits = (core: Core, custom: Record<string, unknown>): boolean => Buffer.byteLength(JSON.stringify(custom)) <= largest(core)

/**
 * Custom claims for a login. Throws for what no token can carry, which is a fault of the host; before a session is
 * started or a token spent, so that nobody loses one by it.
 */
export async function claimsAtLogin (core: Core, user: User, request?: FastifyRequest): Promise<Record<string, unknown>> {
  const given: unknown = await core.options.claims?.(user, request) ?? {}
  if (typeof given !== 'object' || given === null || Array.isArray(given)) throw new TypeError('fastify-simplejwt: claims() must resolve to an object.')
  const custom = customClaims(given as Record<string, unknown>)
  if (!fits(core, custom)) throw new RangeError(`fastify-simplejwt: custom claims may take ${largest(core)} bytes as JSON.`)
  return custom
}

/** The custom claims that a refresh token carries. Another server may have minted one with more than we can pass on. */
function carriedClaims (core: Core, presented: Claims): Record<string, unknown> {
  const custom = customClaims(presented)
  if (!fits(core, custom)) throw core.unauthorized.refused('Token is invalid')
  return custom
}

/**
 * Custom claims for a refresh: computed for the user as he is now, or those that the refresh token carries.
 * Throws a 401 if the user is gone or not active any more.
 */
export async function claimsAtRefresh (core: Core, presented: Claims, request?: FastifyRequest): Promise<Record<string, unknown>> {
  const { findUser } = core.options
  if (findUser === undefined) return carriedClaims(core, presented)
  const user = await findUser(presented.user_id, request)
  if (!user || !isActive(user)) throw core.unauthorized.noActiveAccount()
  return recomputesClaims(core) ? claimsAtLogin(core, user, request) : carriedClaims(core, presented)
}
