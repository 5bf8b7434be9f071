import type { FastifyRequest } from 'fastify'
import { claimsOrThrow } from '../errors.ts'
import { authorizationOf, bearerToken } from '../guard/bearer-token.ts'
import { knownGuard } from '../guard/known-guards.ts'
import { hasScopes } from '../guard/scopes.ts'
import { refuseUnclaimable } from '../service/claim-values.ts'
import { type AccessClaims, isOfClient } from '../tokens/claims.ts'
import { type Account, type User, isActive } from '../user.ts'
import type { AuthorizationServer } from './authorization-server.ts'
import { OPENID, words } from './scopes.ts'

/** The guard of the userinfo endpoint, and its answer (OpenID Connect Core section 5.3). */
export function createUserinfo (
  { core, options }: Pick<AuthorizationServer, 'core' | 'options'>
) {
  // The host's hooks may change request.user. So the claims of a request are kept here.
  const accepted = new WeakMap<FastifyRequest, AccessClaims>()

  return {
    /** Accepts the access token of an app that has the scope `openid`. */
    guard: knownGuard(async (request: FastifyRequest): Promise<void> => {
      const claims = await bearerClaims(core, request)
      if (!isOfClient(claims) || !hasScopes(claims, [OPENID])) {
        throw core.unauthorized.insufficientScope(OPENID)
      }
      accepted.set(request, claims)
    }),

    /**
     * Returns the claims about the user of the token.
     * @throws SimpleJwtError 401 if the user is gone or inactive
     */
    async answer (request: FastifyRequest): Promise<Record<string, unknown>> {
      const { user_id: sub, scope } = accepted.get(request) as AccessClaims
      const user = await activeUser({ core }, sub, request)
      const given = await options.userinfo?.(user as Account, words(scope as string))
      return { sub, ...checked(given ?? {}) }
    }
  }
}

/**
 * Returns the claims of the access token in the header. The option `extractToken` is for the routes
 * of the host: apps know only the header (RFC 6750 section 2.1).
 * @throws SimpleJwtError 401
 */
async function bearerClaims (
  { tokens, isRevoked, unauthorized }: AuthorizationServer['core'], request: FastifyRequest
): Promise<AccessClaims> {
  const header = authorizationOf(request, unauthorized)
  const token = header === undefined ? undefined : bearerToken(header, unauthorized)
  if (token === undefined) throw unauthorized.noCredentials()
  const claims = claimsOrThrow(tokens.verifyAccess(token), unauthorized.refusedByGuard)
  if (await isRevoked(claims)) throw unauthorized.refusedByGuard('Token is blacklisted')
  return claims
}

async function activeUser (
  { core }: Pick<AuthorizationServer, 'core'>, id: string, request: FastifyRequest
): Promise<User> {
  const { options: { findUser }, unauthorized } = core
  if (findUser === undefined) return { id }
  const user = await findUser(id, request)
  if (!user) throw unauthorized.refusedByGuard('User not found')
  if (!isActive(user)) throw unauthorized.userInactive()
  return user
}

/**
 * @throws TypeError for claims that are not an object, have `sub`, or have values that JSON would
 *   change or drop: a fault of the host
 */
function checked (given: unknown): object {
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    throw new TypeError('fastify-simplejwt/oauth: userinfo() must resolve to an object.')
  }
  if (Object.hasOwn(given, 'sub')) {
    throw new TypeError('fastify-simplejwt/oauth: the result of userinfo() has "sub", which the ' +
      'plugin writes itself. Remove it.')
  }
  // JSON calls a `toJSON` of the host, and its result could have another `sub`.
  refuseUnclaimable(given, 'the result of userinfo()')
  return given
}
