import type { GuardParts } from './authenticate.ts'

/** RFC 6749 section 3.3. The scope is written into a header. */
const SCOPE = /^[\x21\x23-\x5b\x5d-\x7e]+$/

/** Returns whether a value is the name of one scope. */
export const isScope = (value: unknown): boolean => typeof value === 'string' && SCOPE.test(value)

/** @throws TypeError that names the guard, for a value that is not the name of one scope */
export function checkScopes (guard: string, scopes: readonly string[]): void {
  if (scopes.every(isScope)) return
  throw new TypeError(`fastify-simplejwt: ${guard}() got a bad scope. ` +
    'Pass each scope as a separate string without spaces, such as \'photos:read\'.')
}

/** Returns whether the claim `scope` has each of some scopes. */
export function hasScopes (
  { scope }: Readonly<Record<string, unknown>>, scopes: readonly string[]
): boolean {
  const granted = typeof scope === 'string' ? scope.split(' ') : []
  return scopes.every(scope => granted.includes(scope))
}

/** Returns the parts for a guard that requires scopes: its challenges list them. */
export const requiring = (scope: string, parts: GuardParts): GuardParts =>
  ({ ...parts, unauthorized: parts.unauthorized.withScope(scope) })
