import type { FastifyReply, FastifyRequest } from 'fastify'
import { asError, claimsOrThrow } from '../errors.ts'
import type { Registration } from '../registration.ts'
import type { AccessClaims } from '../tokens/claims.ts'
import { type Account, isActive } from '../user.ts'
import { authorizationOf, bearerToken } from './bearer-token.ts'
import { extractedToken } from './extracted-token.ts'
import { knownGuard } from './known-guards.ts'

/**
 * The guard: a hook for `onRequest`, a strategy for @fastify/auth, or a function to await. Reads
 * the access token of the request and sets `request.user` to its frozen claims.
 * @throws SimpleJwtError 401
 */
export interface Authenticate {
  (request: FastifyRequest, reply: FastifyReply, done: (error?: Error) => void): void
  (request: FastifyRequest, reply?: FastifyReply): Promise<void>
}

/** The guard that also calls `findUser`, and sets `request.account` to the user. */
export type AuthenticateUser = (request: FastifyRequest, reply?: FastifyReply) => Promise<void>

/** The parts of a registration that a guard uses. */
export type GuardParts = Pick<
  Registration, 'options' | 'tokens' | 'cache' | 'isRevoked' | 'unauthorized'
>

/** Returns the claims at once, or a promise if it must query the store or the issuer. */
export type VerifyRequest<Claims = AccessClaims> =
  (request: FastifyRequest) => Claims | Promise<Claims>

export const createAuthenticate = (parts: GuardParts): Authenticate =>
  createGuard(request => authenticateRequest(request, parts))

/**
 * Builds the guard for visitors with and without a token. Without one it sets `request.user` to
 * null. A bad token is a 401, as with `authenticate`.
 */
export const createAuthenticateOptional = (parts: GuardParts): Authenticate =>
  createGuard(request => identify(request, parts) ?? null, true)

export function createAuthenticateUser (parts: GuardParts): AuthenticateUser {
  const { findUser } = parts.options
  return knownGuard(async (request: FastifyRequest) => {
    const claims = await authenticateRequest(request, parts)
    const account = await findUser?.(claims.user_id, request)
    if (!account) throw parts.unauthorized.refusedByGuard('User not found')
    if (!isActive(account)) throw parts.unauthorized.userInactive()
    setUser(request, claims)
    setAccount(request, account)
  })
}

/**
 * Returns the claims of a request's access token, if the token is good and its session is not
 * revoked. Returns a promise only if it must query the store or the issuer.
 * @throws SimpleJwtError 401, or 503 if the store or the issuer does not answer
 */
export function authenticateRequest (
  request: FastifyRequest, parts: GuardParts
): AccessClaims | Promise<AccessClaims> {
  const claims = identify(request, parts)
  if (claims === undefined) throw parts.unauthorized.noCredentials()
  return claims
}

/** As `authenticateRequest`. Returns undefined for a request without a token. */
function identify (
  request: FastifyRequest, parts: GuardParts
): AccessClaims | undefined | Promise<AccessClaims> {
  const { options: { extractToken, now }, cache, unauthorized } = parts
  // A registration caches by complete header or by token, never by both.
  const credentials = extractToken === undefined
    ? authorizationOf(request, unauthorized)
    : extractedToken(request, extractToken, unauthorized)
  if (credentials === undefined) return undefined
  const known = cache.get(credentials, now())
  if (known !== undefined) return unlessRevoked(known, parts)
  const token = extractToken === undefined ? bearerToken(credentials, unauthorized) : credentials
  return token === undefined ? undefined : verifiedClaims(token, credentials, parts)
}

function verifiedClaims (
  token: string, credentials: string, parts: GuardParts
): AccessClaims | Promise<AccessClaims> {
  const verify = (): AccessClaims | Promise<AccessClaims> => {
    const verified = parts.tokens.verifyAccess(token)
    const claims = claimsOrThrow(verified, parts.unauthorized.refusedByGuard)
    parts.cache.set(credentials, claims)
    return unlessRevoked(claims, parts)
  }
  const missing = parts.tokens.missingKey(token)
  return missing === undefined ? verify() : missing.then(verify)
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

/** Sets `request.user`. Null is the visitor of an optional route, and not in its type. */
const setUser = (request: { user: unknown }, claims: AccessClaims | null): void => {
  request.user = claims
}

const setAccount = (request: { account: Account }, account: Account): void => {
  request.account = account
}

/** The callback of a hook. */
export type Done = (error?: Error) => void

/** Returns the callback, if there is one. A `preParsing` hook gets the body before it. */
export const doneOf = (third: unknown, fourth: Done | undefined): Done | undefined =>
  typeof third === 'function' ? third as Done : fourth

/** A thrown null would open the route. */
const guardError = (thrown: unknown): Error => asError(thrown, 'a guard')

/**
 * Wraps `verify` as a Fastify hook that sets `request.user`. Stays synchronous when `verify` does:
 * on the hot path a promise costs more than the rest of the hook.
 */
export function createGuard (
  verify: VerifyRequest<AccessClaims | null>, isOptional = false
): Authenticate {
  async function awaited (request: FastifyRequest): Promise<void> {
    setUser(request, await verify(request))
  }

  function guard (
    request: FastifyRequest, _reply?: FastifyReply, third?: unknown, fourth?: Done
  ): void | Promise<void> {
    const done = doneOf(third, fourth)
    if (done === undefined) return awaited(request)
    let claims
    try {
      claims = verify(request)
    } catch (thrown) {
      return done(guardError(thrown))
    }
    if (claims instanceof Promise) {
      claims.then(claims => { setUser(request, claims) })
        .then(() => { done() }, (thrown: unknown) => { done(guardError(thrown)) })
    } else {
      setUser(request, claims)
      done()
    }
  }
  return knownGuard(guard as Authenticate, isOptional)
}
