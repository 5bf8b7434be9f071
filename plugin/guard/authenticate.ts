import type { FastifyReply, FastifyRequest } from 'fastify'
import type { AccessClaims } from '../tokens/claims.ts'
import type { Core } from '../registration.ts'
import { accepted } from '../errors.ts'
import { isRevoked } from '../sessions/is-revoked.ts'
import { isActive } from '../user.ts'

/**
 * The guard: a hook for `onRequest`, a strategy for @fastify/auth, or a function to await. Reads the access token from the
 * `Authorization` header, sets `request.user` to its claims (frozen), and throws a `SimpleJwtError` (401) otherwise.
 */
export interface Authenticate {
  (request: FastifyRequest, reply: FastifyReply, done: (error?: Error) => void): void
  (request: FastifyRequest, reply?: FastifyReply): Promise<void>
}

/** The guard that also looks the user up: sets `request.user` to what `findUser` found. */
export type AuthenticateUser = (request: FastifyRequest, reply?: FastifyReply) => Promise<void>

function bearerToken (request: FastifyRequest, core: Core): string {
  const header = request.headers.authorization
  if (repeatsAuthorization(request.raw.rawHeaders)) throw core.unauthorized.badAuthorizationHeader()
  if (header === undefined) throw core.unauthorized.noCredentials()
  if (header.startsWith('Bearer ') && header.length > 7 && !header.includes(' ', 7) && !header.includes('\t')) return header.slice(7)
  const parts = header.split(/[ \t]+/).filter(part => part !== '')
  if (parts[0]?.toLowerCase() !== 'bearer') throw core.unauthorized.noCredentials()
  if (parts.length !== 2 || header.includes('\t')) throw core.unauthorized.badAuthorizationHeader()
  return parts[1] as string
}

/** Node keeps the first of two Authorization headers and says nothing of the second. */
function repeatsAuthorization (rawHeaders: readonly string[]): boolean {
  let seen = false
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] as string
    if (name.length !== 13 || name.toLowerCase() !== 'authorization') continue
    if (seen) return true
    seen = true
  }
  return false
}

function verifiedClaims (token: string, { headers: { authorization } }: FastifyRequest, core: Core): AccessClaims {
  const claims = accepted(core.tokens.verifyAccess(token), core.unauthorized.refusedByGuard)
  core.cache.set(authorization as string, claims)
  return claims
}

function settle (claims: AccessClaims, revoked: boolean, core: Core): AccessClaims {
  if (revoked) throw core.unauthorized.refusedByGuard('Token is blacklisted')
  return claims
}

function unlessRevoked (claims: AccessClaims, core: Core): AccessClaims | Promise<AccessClaims> {
  const revoked = isRevoked(core, claims)
  return typeof revoked === 'boolean' ? settle(claims, revoked, core) : revoked.then(revoked => settle(claims, revoked, core))
}

/** The claims, if the same header was good before: it needs no closer look. */
function knownClaims ({ headers: { authorization }, raw }: FastifyRequest, { cache, options }: Core): AccessClaims | undefined {
  if (authorization === undefined || repeatsAuthorization(raw.rawHeaders)) return undefined
  return cache.get(authorization, options.now())
}

/** The claims of a request whose access token is good and whose session goes on. A promise only if the store, or the issuer, is asked. */
export function admit (request: FastifyRequest, core: Core): AccessClaims | Promise<AccessClaims> {
  const known = knownClaims(request, core)
  if (known !== undefined) return unlessRevoked(known, core)
  const token = bearerToken(request, core)
  const missing = core.tokens.missingKey(token)
  return missing === undefined
    ? unlessRevoked(verifiedClaims(token, request, core), core)
    : missing.then(() => unlessRevoked(verifiedClaims(token, request, core), core))
}

/** What the slot holds is the host's to type. */
export const setUser = (request: { user: unknown }, user: unknown): void => { request.user = user }

export const createAuthenticate = (core: Core): Authenticate => createGuard(request => admit(request, core), setUser)

/** A guard that lets a request in, or throws, and then puts the claims where they belong. No promise where `letIn` gives none. */
export function createGuard (letIn: (request: FastifyRequest) => AccessClaims | Promise<AccessClaims>, put: (request: FastifyRequest, claims: AccessClaims) => void): Authenticate {
  async function awaited (request: FastifyRequest): Promise<void> {
    put(request, await letIn(request))
  }

  function guard (request: FastifyRequest, _reply?: FastifyReply, done?: (error?: Error) => void): void | Promise<void> {
    if (done === undefined) return awaited(request)
    let admitted
    try {
      admitted = letIn(request)
    } catch (error) {
      return done(error as Error)
    }
    if (admitted instanceof Promise) {
      admitted.then(claims => { put(request, claims) }).then(() => { done() }, done)
    } else {
      put(request, admitted)
      done()
    }
  }
  return guard as Authenticate
}

export function createAuthenticateUser (core: Core): AuthenticateUser {
  const { findUser } = core.options
  return async request => {
    const { user_id: userId } = await admit(request, core)
    const user = await findUser?.(userId, request)
    if (!user) throw core.unauthorized.refusedByGuard('User not found')
    if (!isActive(user)) throw core.unauthorized.userInactive()
    setUser(request, user)
  }
}
