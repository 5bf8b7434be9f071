import type { FastifyReply, FastifyRequest } from 'fastify'
import { claimsOrThrow } from '../errors.ts'
import type { Registration } from '../registration.ts'
import type { AccessClaims } from '../tokens/claims.ts'
import { isActive } from '../user.ts'
import { bearerToken, repeatsAuthorization } from './bearer-token.ts'

/**
 * The guard: a hook for `onRequest`, a strategy for @fastify/auth, or a function to await. Reads
 * the access token from the `Authorization` header and sets `request.user` to its frozen claims.
 * @throws SimpleJwtError 401
 */
export interface Authenticate {
  (request: FastifyRequest, reply: FastifyReply, done: (error?: Error) => void): void
  (request: FastifyRequest, reply?: FastifyReply): Promise<void>
}

/** The guard that also calls `findUser`, and sets `request.user` to the user. */
export type AuthenticateUser = (request: FastifyRequest, reply?: FastifyReply) => Promise<void>

/** The parts of a registration that a guard uses. */
export type GuardParts = Pick<
  Registration, 'options' | 'tokens' | 'cache' | 'isRevoked' | 'unauthorized'
>

/** Returns the claims at once, or a promise if it must query the store or the issuer. */
export type VerifyRequest = (request: FastifyRequest) => AccessClaims | Promise<AccessClaims>

export const createAuthenticate = (parts: GuardParts): Authenticate =>
  createGuard(request => authenticateRequest(request, parts), setUser)

export function createAuthenticateUser (parts: GuardParts): AuthenticateUser {
  const { findUser } = parts.options
  return async request => {
    const { user_id: userId } = await authenticateRequest(request, parts)
    const user = await findUser?.(userId, request)
    if (!user) throw parts.unauthorized.refusedByGuard('User not found')
    if (!isActive(user)) throw parts.unauthorized.userInactive()
    setUser(request, user)
  }
}

/**
 * Returns the claims of a request's access token, if the token is good and its session is not
 * revoked. Returns a promise only if it must query the store or the issuer.
 * @throws SimpleJwtError 401, or 503 if the store or the issuer does not answer
 */
export function authenticateRequest (
  request: FastifyRequest, parts: GuardParts
): AccessClaims | Promise<AccessClaims> {
  const known = cachedClaims(request, parts)
  if (known !== undefined) return unlessRevoked(known, parts)
  const token = bearerToken(request, parts.unauthorized)
  const missing = parts.tokens.missingKey(token)
  return missing === undefined
    ? unlessRevoked(verifiedClaims(token, request, parts), parts)
    : missing.then(() => unlessRevoked(verifiedClaims(token, request, parts), parts))
}

/** Cached claims for this exact Authorization header. */
function cachedClaims (
  request: FastifyRequest, { cache, options }: GuardParts
): AccessClaims | undefined {
  const { authorization } = request.headers
  if (authorization === undefined) return undefined
  if (repeatsAuthorization(request.raw.rawHeaders)) return undefined
  return cache.get(authorization, options.now())
}

function verifiedClaims (token: string, request: FastifyRequest, parts: GuardParts): AccessClaims {
  const claims = claimsOrThrow(parts.tokens.verifyAccess(token), parts.unauthorized.refusedByGuard)
  parts.cache.set(request.headers.authorization as string, claims)
  return claims
}

function unlessRevoked (
  claims: AccessClaims, parts: GuardParts
): AccessClaims | Promise<AccessClaims> {
  const revoked = parts.isRevoked(claims)
  return typeof revoked === 'boolean'
    ? claimsUnless(revoked, claims, parts)
    : revoked.then(revoked => claimsUnless(revoked, claims, parts))
}

function claimsUnless (
  revoked: boolean, claims: AccessClaims, { unauthorized }: GuardParts
): AccessClaims {
  if (revoked) throw unauthorized.refusedByGuard('Token is blacklisted')
  return claims
}

/** Sets `request.user`, whose type the host app declares. */
export const setUser = (request: { user: unknown }, user: unknown): void => { request.user = user }

/**
 * Wraps `verify` as a Fastify hook, and passes the claims to `assign`. Stays synchronous when
 * `verify` does: on the hot path a promise costs more than the rest of the hook.
 */
export function createGuard (
  verify: VerifyRequest, assign: (request: FastifyRequest, claims: AccessClaims) => void
): Authenticate {
  async function awaited (request: FastifyRequest): Promise<void> {
    assign(request, await verify(request))
  }

  function guard (
    request: FastifyRequest, _reply?: FastifyReply, done?: (error?: Error) => void
  ): void | Promise<void> {
    if (done === undefined) return awaited(request)
    let claims
    try {
      claims = verify(request)
    } catch (error) {
      return done(error as Error)
    }
    if (claims instanceof Promise) {
      claims.then(claims => { assign(request, claims) }).then(() => { done() }, done)
    } else {
      assign(request, claims)
      done()
    }
  }
  return guard as Authenticate
}
