import type { FastifyRequest } from 'fastify'
import { authenticateRequest } from '../guard/authenticate.ts'
import { hasScopes } from '../guard/scopes.ts'
import { type AccessClaims, isOfClient } from '../tokens/claims.ts'
import { type Account, type User, isActive } from '../user.ts'
import type { AuthorizationServer } from './authorization-server.ts'
import { OPENID, words } from './scopes.ts'

/**
 * Returns the claims about the user of a request's access token (OpenID Connect Core section 5.3).
 * Only an app with the scope `openid` has a use for them.
 * @throws SimpleJwtError 401, or 403 without the scope
 * @throws TypeError for claims that are no object, or have `sub`: a fault of the host
 */
export async function userinfoOf (
  { core, options }: Pick<AuthorizationServer, 'core' | 'options'>, request: FastifyRequest
): Promise<Record<string, unknown>> {
  const claims = await authenticateRequest(request, core)
  if (!isOfClient(claims) || !hasScopes(claims, [OPENID])) {
    throw core.unauthorized.insufficientScope(OPENID)
  }
  const user = await activeUser({ core }, claims, request)
  const given: unknown =
    await options.userinfo?.(user as Account, words(claims.scope as string)) ?? {}
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    throw new TypeError('fastify-simplejwt/oauth: userinfo() must resolve to an object.')
  }
  if (Object.hasOwn(given, 'sub')) {
    throw new TypeError('fastify-simplejwt/oauth: the result of userinfo() has "sub", which the ' +
      'plugin writes itself. Remove it.')
  }
  return { sub: claims.user_id, ...given }
}

/** @throws SimpleJwtError 401 if the user is gone or inactive */
async function activeUser (
  { core }: Pick<AuthorizationServer, 'core'>, claims: AccessClaims, request: FastifyRequest
): Promise<User> {
  const { options: { findUser }, unauthorized } = core
  if (findUser === undefined) return { id: claims.user_id }
  const user = await findUser(claims.user_id, request)
  if (!user) throw unauthorized.refusedByGuard('User not found')
  if (!isActive(user)) throw unauthorized.userInactive()
  return user
}
