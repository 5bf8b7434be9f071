import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { AccessClaims } from '../tokens/claims.ts'
import type { AuthenticateUser, GuardBuilder } from './authenticate.ts'
import { checkAtReady } from './check-at-ready.ts'
import { type Authenticate, type Done, doneOf } from './guard-hook.ts'
import { knownGuard } from './known-guards.ts'
import { type Guards, guardsOf } from './registered-guards.ts'
import { type RequireClaims, claimsGuard } from './require-claims.ts'
import { type RequireClient, clientGuard } from './require-client.ts'
import { type RequireScope, scopeGuard } from './require-scope.ts'

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

/** An exported guard that each registration builds once. */
function builtGuard (name: string, build: GuardBuilder): Authenticate {
  const built = new WeakMap<Guards, Authenticate>()
  return exportedGuard(name, guards => {
    const known = built.get(guards)
    if (known !== undefined) return known
    const guard = build(guards.parts)
    built.set(guards, guard)
    return guard
  })
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
export const requireClaims: RequireClaims = required =>
  builtGuard('requireClaims', claimsGuard(required))

/**
 * Guards a route that OAuth clients may open: `{ onRequest: requireScope('photos:read') }`.
 * @throws TypeError for no scope, and for a bad one
 */
export const requireScope: RequireScope = (...scopes) =>
  builtGuard('requireScope', scopeGuard(scopes))

/**
 * Guards a route for OAuth clients that act for themselves:
 * `{ onRequest: requireClient('reports:write') }`.
 * @throws TypeError for a bad scope
 */
export const requireClient: RequireClient = (...scopes) =>
  builtGuard('requireClient', clientGuard(scopes))

/** Returns the claims of the visitor of an optional route, or null. */
export const claimsOf = (request: FastifyRequest): AccessClaims | null =>
  request.user as AccessClaims | null
