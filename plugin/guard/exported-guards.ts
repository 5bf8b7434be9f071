import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { AccessClaims } from '../tokens/claims.ts'
import { type Authenticate, type AuthenticateUser, type Done, doneOf } from './authenticate.ts'
import { checkAtReady } from './check-at-ready.ts'
import { knownGuard } from './known-guards.ts'
import { type Guards, guardsOf } from './registered-guards.ts'
import { type RequireClaims, claimsGuard } from './require-claims.ts'

type Hook = (
  request: FastifyRequest, reply?: FastifyReply, third?: unknown, fourth?: Done
) => void | Promise<void>

/**
 * Builds a guard that finds its registration by the scope of the request. It exists before any
 * registration, so a route that uses it is never open.
 */
function exportedGuard (
  name: string, choose: (guards: Guards) => unknown, isOptional = false
): Authenticate {
  const find = (scope: FastifyInstance): Hook => choose(guardsOf(scope, name)) as Hook
  async function awaited (request: FastifyRequest, reply?: FastifyReply): Promise<void> {
    await find(request.server)(request, reply)
  }

  const guard: Hook = (request, reply, third, fourth) => {
    const done = doneOf(third, fourth)
    if (done === undefined) return awaited(request, reply)
    let chosen
    try {
      chosen = find(request.server)
    } catch (error) {
      return done(error as Error)
    }
    return chosen(request, reply, done)
  }
  checkAtReady(guard, find)
  return knownGuard(guard as Authenticate, isOptional)
}

/**
 * Guards a route, by the registration of its scope: `{ onRequest: authenticate }`.
 * @throws SimpleJwtError 401
 */
export const authenticate = exportedGuard('authenticate', guards => guards.authenticate)

/**
 * As `authenticate`. Lets requests without a token pass, with null in `request.user`: read it by
 * `claimsOf`.
 */
export const authenticateOptional =
  exportedGuard('authenticateOptional', guards => guards.authenticateOptional, true)

/** As `authenticate`, then sets `request.account` to the user that `findUser` returns. */
export const authenticateUser: AuthenticateUser = exportedGuard('authenticateUser', guards => {
  if (guards.authenticateUser !== undefined) return guards.authenticateUser
  throw new Error('fastify-simplejwt: authenticateUser needs the option "findUser".')
})

/**
 * Guards a route by claims: `{ onRequest: requireClaims({ role: 'admin' }) }`.
 * @throws TypeError for requirements that require nothing
 */
export const requireClaims: RequireClaims = required => {
  const build = claimsGuard(required)
  const built = new WeakMap<Guards, Authenticate>()
  return exportedGuard('requireClaims', guards => {
    const known = built.get(guards)
    if (known !== undefined) return known
    const guard = build(guards.parts)
    built.set(guards, guard)
    return guard
  })
}

/** Returns the claims of the visitor of an optional route, or null. */
export const claimsOf = (request: FastifyRequest): AccessClaims | null =>
  request.user as AccessClaims | null
