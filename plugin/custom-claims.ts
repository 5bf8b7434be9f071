import type { FastifyRequest } from 'fastify'
import { type Claims, customClaims } from './claims.ts'
import type { Core } from './core.ts'
import { type User, isActive } from './user.ts'

/** Whether custom claims are computed at each refresh, so that the refresh token need not carry them. */
export const recomputesClaims = ({ options }: Core): boolean => options.claims !== undefined && options.findUser !== undefined

/** Custom claims for a login. */
export async function claimsAtLogin (core: Core, user: User, request?: FastifyRequest): Promise<Record<string, unknown>> {
  return customClaims(await core.options.claims?.(user, request) ?? {})
}

/**
 * Custom claims for a refresh: computed for the user as he is now, or those that the refresh token carries.
 * Throws a 401 if the user is gone or not active any more.
 */
export async function claimsAtRefresh (core: Core, presented: Claims, request?: FastifyRequest): Promise<Record<string, unknown>> {
  const { findUser } = core.options
  if (findUser === undefined) return customClaims(presented)
  const user = await findUser(presented.user_id, request)
  if (!user || !isActive(user)) throw core.unauthorized.noActiveAccount()
  return recomputesClaims(core) ? claimsAtLogin(core, user, request) : customClaims(presented)
}
