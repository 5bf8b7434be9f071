import { type AccessClaims, isOfClient } from '../tokens/claims.ts'
import type { DeclaredClaims } from '../user.ts'
import { type GuardBuilder, createCheckedGuard } from './authenticate.ts'
import type { Authenticate } from './guard-hook.ts'
import { isScope, requiring } from './scopes.ts'

type Value = string | number | boolean

type StandardClaim =
  | 'scope' | 'scp' | 'sub' | 'user_id' | 'client_id' | 'sid' | 'jti'
  | 'iss' | 'aud' | 'iat' | 'exp' | 'token_type'

/** Any name, until the app declares its claims. */
type ClaimName =
  [keyof DeclaredClaims] extends [never] ? string : keyof DeclaredClaims & string | StandardClaim

/**
 * Claims that a token must have: each with a value, or with every one of several values. An array
 * in the token has each of its members. `scope` and `scp` may hold words separated by spaces
 * (RFC 9068 section 2.2.3), here and in the token.
 */
export type RequiredClaims = Readonly<Partial<Record<ClaimName, Value | readonly Value[]>>>

/** The argument of `requireClaims`. */
export type Requirement = RequiredClaims | ((claims: AccessClaims) => boolean)

/**
 * Builds a guard that requires claims, or a function of the claims that returns `true`. The guard
 * does all that `authenticate` does, then answers 403 with `error="insufficient_scope"`
 * (RFC 6750 section 3.1). It lets an OAuth client in only if it requires `scope` or `scp`.
 * @throws TypeError for requirements that require nothing
 */
export type RequireClaims = (required: Requirement) => Authenticate

const SCOPE_CLAIMS = new Set(['scope', 'scp'])

/** Checks a requirement. @throws TypeError for one that requires nothing */
export function claimsGuard (required: Requirement): GuardBuilder {
  const requirements = typeof required === 'function' ? [] : requirementsOf(required)
  const allows = typeof required === 'function'
    ? required
    : (claims: AccessClaims) => requirements.every(requirement => isMet(requirement, claims))
  const scope = requirements
    .filter(({ name }) => SCOPE_CLAIMS.has(name)).map(({ value }) => value).join(' ')

  return parts => createCheckedGuard(requiring(scope, parts), (claims, { unauthorized }) => {
    // An async function returns a promise, which is truthy. Only `true` lets a request in.
    if ((isOfClient(claims) && scope === '') || allows(claims) !== true) {
      throw unauthorized.insufficientScope(scope)
    }
  })
}

/** A value that a claim must have. */
interface RequiredValue { name: string, value: Value }

function requirementsOf (required: RequiredClaims): RequiredValue[] {
  const isObject = typeof required === 'object' && required !== null && !Array.isArray(required)
  const entries = isObject ? Object.entries(required) : []
  if (entries.length === 0) {
    throw new TypeError('fastify-simplejwt: requireClaims() needs at least one claim. ' +
      'Pass an object such as { role: \'admin\' }.')
  }
  return entries.flatMap(([name, given]) => {
    const values = valuesOf(name, given as Value | readonly Value[])
    if (values.length === 0 || !values.every(SCOPE_CLAIMS.has(name) ? isScope : isValue)) {
      throw new TypeError(`fastify-simplejwt: requireClaims() got a bad value for "${name}". ` +
        'Pass a non-empty string, a number, a boolean, or an array of these.')
    }
    return values.map(value => ({ name, value }))
  })
}

function valuesOf (name: string, given: Value | readonly Value[]): readonly Value[] {
  const values: readonly Value[] = Array.isArray(given) ? given : [given as Value]
  if (!SCOPE_CLAIMS.has(name)) return values
  return values.flatMap((value): Value[] => typeof value === 'string' ? value.split(' ') : [value])
}

function isValue (value: unknown): boolean {
  if (typeof value === 'string') return value !== ''
  return typeof value === 'boolean' || Number.isFinite(value)
}

function isMet ({ name, value }: RequiredValue, claims: AccessClaims): boolean {
  const claim: unknown = Object.hasOwn(claims, name) ? claims[name] : undefined
  if (Array.isArray(claim)) return claim.includes(value)
  return SCOPE_CLAIMS.has(name) && typeof claim === 'string'
    ? claim.split(' ').includes(value as string)
    : claim === value
}
