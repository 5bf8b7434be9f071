import type { FastifyReply, FastifyRequest } from 'fastify'
import { claimsOrThrow } from '../errors.ts'
import type { Registration } from '../registration.ts'
import { type AccessClaims, isOfClient } from '../tokens/claims.ts'
import { type Account, isActive } from '../user.ts'
import { credentialsOf, tokenOf } from './credentials.ts'
import { type Authenticate, createGuard, setUser } from './guard-hook.ts'
import { knownGuard } from './known-guards.ts'

/** The guard that also calls `findUser`, and sets `request.account` to the user. */
export type AuthenticateUser = (request: FastifyRequest, reply?: FastifyReply) => Promise<void>

/** The parts of a registration that a guard uses. */
export type GuardParts = Pick<
  Registration, 'options' | 'tokens' | 'cache' | 'isRevoked' | 'unauthorized'
>

/** Builds a guard from the parts of one registration. */
export type GuardBuilder = (parts: GuardParts) => Authenticate

export const createAuthenticate: GuardBuilder = parts => createCheckedGuard(parts, refuseClient)

/**
 * Builds the guard for visitors with and without a token. Without one it sets `request.user` to
 * null. A bad token is a 401, as with `authenticate`.
 */
export const createAuthenticateOptional: GuardBuilder = parts => createGuard(request => {
  const claims = identify(request, parts)
  return claims === undefined ? null : checked(claims, parts, refuseClient)
}, true)

export function createAuthenticateUser (parts: GuardParts): AuthenticateUser {
  const { findUser } = parts.options
  return knownGuard(async (request: FastifyRequest) => {
    const claims = await authenticateOwn(request, parts)
    const account = await findUser?.(claims.user_id, request)
    if (!account) throw parts.unauthorized.refusedByGuard('User not found')
    if (!isActive(account)) throw parts.unauthorized.userInactive()
    setUser(request, claims)
    setAccount(request, account)
  })
}

/** A check of accepted claims. @throws SimpleJwtError 403 */
type CheckClaims = (claims: AccessClaims, parts: GuardParts) => void

/** Builds a guard that accepts any access token and then checks its claims. */
export const createCheckedGuard = (parts: GuardParts, check: CheckClaims): Authenticate =>
  createGuard(request => checked(authenticateRequest(request, parts), parts, check))

/**
 * Refuses the token of an OAuth client: it opens only routes that name a scope.
 * @throws SimpleJwtError 403
 */
export const refuseClient: CheckClaims = (claims, { unauthorized }) => {
  if (isOfClient(claims)) throw unauthorized.insufficientScope('')
}

/** As `authenticateRequest`. Refuses the token of an OAuth client. @throws SimpleJwtError 403 */
export const authenticateOwn: typeof authenticateRequest = (request, parts) =>
  checked(authenticateRequest(request, parts), parts, refuseClient)

const checked = (
  claims: AccessClaims | Promise<AccessClaims>, parts: GuardParts, check: CheckClaims
): AccessClaims | Promise<AccessClaims> => claims instanceof Promise
  ? claims.then(claims => checkedNow(claims, parts, check))
  : checkedNow(claims, parts, check)

function checkedNow (
  claims: AccessClaims, parts: GuardParts, check: CheckClaims
): AccessClaims {
  check(claims, parts)
  return claims
}

/**
 * Returns the claims of a request's access token, if the token is good and its session is not
 * revoked. Accepts the token of an OAuth client too. Returns a promise only if it must query the
 * store or the issuer.
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
  const credentials = credentialsOf(request, parts)
  if (credentials === undefined) return undefined
  const known = parts.cache.get(credentials, parts.options.now())
  if (known !== undefined) return unlessRevoked(known, parts)
  const token = tokenOf(credentials, parts)
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

const setAccount = (request: { account: Account }, account: Account): void => {
  request.account = account
}
