import { isOfClient } from '../tokens/claims.ts'
import { type GuardBuilder, createCheckedGuard } from './authenticate.ts'
import type { Authenticate } from './guard-hook.ts'
import { checkScopes, hasScopes, requiring } from './scopes.ts'

/**
 * Builds a guard that opens a route to OAuth clients. The user's own sessions pass with any scope.
 * The token of a client must have all of the scopes. Else the guard answers 403 with
 * `error="insufficient_scope"` (RFC 6750 section 3.1).
 * @throws TypeError for no scope, and for a name that is not a scope (RFC 6749 section 3.3)
 */
export type RequireScope = (...scopes: string[]) => Authenticate

/** Checks the scopes. @throws TypeError */
export function scopeGuard (scopes: readonly string[]): GuardBuilder {
  if (scopes.length === 0) {
    throw new TypeError('fastify-simplejwt: requireScope() needs at least one scope. ' +
      'Pass a name such as \'photos:read\'.')
  }
  checkScopes('requireScope', scopes)
  const scope = scopes.join(' ')
  return parts => createCheckedGuard(requiring(scope, parts), (claims, { unauthorized }) => {
    if (isOfClient(claims) && !hasScopes(claims, scopes)) {
      throw unauthorized.insufficientScope(scope)
    }
  })
}
