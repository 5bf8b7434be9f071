import type { FastifyInstance } from 'fastify'
import {
  type AuthenticateUser, type GuardParts, createAuthenticate, createAuthenticateOptional,
  createAuthenticateUser
} from './authenticate.ts'
import type { Authenticate } from './guard-hook.ts'
import { type RequireClaims, claimsGuard } from './require-claims.ts'
import { type RequireClient, clientGuard } from './require-client.ts'
import { type RequireScope, scopeGuard } from './require-scope.ts'

/** The guards of one registration. */
export interface Guards {
  readonly parts: GuardParts
  readonly authenticate: Authenticate
  readonly authenticateOptional: Authenticate
  /** Only with the option `findUser`. */
  readonly authenticateUser: AuthenticateUser | undefined
  readonly requireClaims: RequireClaims
  readonly requireScope: RequireScope
  readonly requireClient: RequireClient
}

export const createGuards = (parts: GuardParts): Guards => ({
  parts,
  authenticate: createAuthenticate(parts),
  authenticateOptional: createAuthenticateOptional(parts),
  authenticateUser:
    parts.options.findUser === undefined ? undefined : createAuthenticateUser(parts),
  requireClaims: required => claimsGuard(required)(parts),
  requireScope: (...scopes) => scopeGuard(scopes)(parts),
  requireClient: (...scopes) => clientGuard(scopes)(parts)
})

/** The guards of a scope that the exports use, or why they cannot decide. */
type Entry = Guards | 'ambiguous'

/** Scopes inherit it by their prototypes, as they inherit decorators. */
const GUARDS = Symbol('fastify-simplejwt.guards')
type Scope = FastifyInstance & { [GUARDS]?: Entry }

/**
 * Makes guards those of a scope, for the exports. A registration without a namespace goes before
 * those with one.
 */
export function registerGuards (scope: Scope, guards: Guards): void {
  const current = Object.hasOwn(scope, GUARDS) ? scope[GUARDS] : undefined
  const hasNamespace = guards.parts.options.namespace !== undefined
  if (current === undefined || !hasNamespace) scope[GUARDS] = guards
  else if (current === 'ambiguous' || current.parts.options.namespace !== undefined) {
    scope[GUARDS] = 'ambiguous'
  }
}

/**
 * Returns the guards of the innermost scope that has a registration.
 * @throws Error that names the guard if there is no registration, or none without a namespace
 */
export function guardsOf (scope: FastifyInstance, name: string): Guards {
  const guards = (scope as Scope)[GUARDS]
  if (typeof guards === 'object') return guards
  throw new Error(guards === undefined
    ? `fastify-simplejwt: ${name} needs the plugin. Register it in this scope, or in a parent.`
    : `fastify-simplejwt: ${name} is ambiguous: the scope has several registrations, each with a ` +
      'namespace. Use the decorators, such as app.staffAuthenticate.')
}
