import type { FastifyReply, FastifyRequest } from 'fastify'
import type { AccessClaims } from './claims.ts'
import type { Core } from './core.ts'
import { accepted } from './errors.ts'
import { isRevoked } from './revoked.ts'
import { isActive } from './user.ts'

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
  if (header.startsWith('Bearer ') && header.indexOf(' ', 7) === -1 && header.indexOf('\t') === -1 && header.length > 7) return header.slice(7)
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

function verifiedClaims (token: string, core: Core): AccessClaims {
  const cached = core.cache.get(token, core.options.now())
  if (cached !== undefined) return cached
  const claims = accepted(core.tokens.verifyAccess(token), core.unauthorized.refusedByGuard)
  core.cache.set(token, claims)
  return claims
}

export function createAuthenticate (core: Core): Authenticate {
  const admit = (request: FastifyRequest, claims: AccessClaims, revoked: boolean): void => {
    if (revoked) throw core.unauthorized.refusedByGuard('Token is blacklisted')
    Object.assign(request, { user: claims })
  }

  function check (request: FastifyRequest): void | Promise<void> {
    const claims = verifiedClaims(bearerToken(request, core), core)
    const revoked = isRevoked(core, claims)
    return typeof revoked === 'boolean' ? admit(request, claims, revoked) : revoked.then(is => admit(request, claims, is))
  }

  function authenticate (request: FastifyRequest, _reply?: FastifyReply, done?: (error?: Error) => void): void | Promise<void> {
    if (done === undefined) return new Promise(resolve => { resolve(check(request)) })
    let pending
    try {
      pending = check(request)
    } catch (error) {
      return done(error as Error)
    }
    if (pending === undefined) return done()
    pending.then(() => done(), done)
  }
  return authenticate as Authenticate
}

export function createAuthenticateUser (core: Core, authenticate: Authenticate): AuthenticateUser {
  const { findUser } = core.options
  return async (request, reply) => {
    await authenticate(request, reply)
    const { user_id: userId } = request.user as unknown as AccessClaims
    const user = await findUser?.(userId, request)
    if (!user) throw core.unauthorized.refusedByGuard('User not found')
    if (!isActive(user)) throw core.unauthorized.userInactive()
    Object.assign(request, { user })
  }
}
