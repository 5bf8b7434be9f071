import type { FastifyRequest } from 'fastify'
import type { AccessClaims } from '../tokens/claims.ts'
import {
  type Authenticate, type GuardParts, authenticateRequest, createGuard, setUser
} from './authenticate.ts'

type Value = string | number | boolean

/**
 * Claims that a token must have: each with a value, or with every one of several values. An array
 * in the token has each of its members. `scope` and `scp` may hold words separated by spaces
 * (RFC 9068 section 2.2.3), here and in the token.
 */
export type RequiredClaims = Readonly<Record<string, Value | readonly Value[]>>

/**
 * Builds a guard that requires claims, or a function of the claims that returns `true`. The guard
 * does all that `authenticate` does, then answers 403 with `error="insufficient_scope"`
 * (RFC 6750 section 3.1). After another guard it leaves `request.user` as it is.
 * @throws TypeError for requirements that require nothing
 */
export type RequireClaims =
  (required: RequiredClaims | ((claims: AccessClaims) => boolean)) => Authenticate

const SCOPE_CLAIMS = new Set(['scope', 'scp'])
/** RFC 6749 section 3.3. The scope is written into a header. */
const SCOPE = /^[\x21\x23-\x5b\x5d-\x7e]+$/

export function createRequireClaims (parts: GuardParts): RequireClaims {
  return required => {
    const requirements = typeof required === 'function' ? [] : requirementsOf(required)
    const allows = typeof required === 'function'
      ? required
      : (claims: AccessClaims) => requirements.every(requirement => isMet(requirement, claims))
    const scope = requirements
      .filter(({ name }) => SCOPE_CLAIMS.has(name)).map(({ value }) => value).join(' ')

    const permitted = (claims: AccessClaims): AccessClaims => {
      // An async function returns a promise, which is truthy. Only `true` lets a request in.
      if (allows(claims) !== true) throw parts.unauthorized.insufficientScope(scope)
      return claims
    }
    return createGuard(request => {
      const claims = authenticateRequest(request, parts)
      return claims instanceof Promise ? claims.then(permitted) : permitted(claims)
    }, setUserIfUnset)
  }
}

function setUserIfUnset (request: FastifyRequest, claims: AccessClaims): void {
  if (request.user === null || request.user === undefined) setUser(request, claims)
}

/** A value that a claim must have. */
interface Requirement { name: string, value: Value }

function requirementsOf (required: RequiredClaims): Requirement[] {
  const isObject = typeof required === 'object' && required !== null && !Array.isArray(required)
  const entries = isObject ? Object.entries(required) : []
  if (entries.length === 0) {
    throw new TypeError('fastify-simplejwt: requireClaims() needs at least one claim. ' +
      'Pass an object such as { role: \'admin\' }.')
  }
  return entries.flatMap(([name, given]) => {
    const values = valuesOf(name, given)
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

const isScope = (value: unknown): boolean => typeof value === 'string' && SCOPE.test(value)

function isValue (value: unknown): boolean {
  if (typeof value === 'string') return value !== ''
  return typeof value === 'boolean' || Number.isFinite(value)
}

function isMet ({ name, value }: Requirement, claims: AccessClaims): boolean {
  const claim: unknown = Object.hasOwn(claims, name) ? claims[name] : undefined
  if (Array.isArray(claim)) return claim.includes(value)
  return SCOPE_CLAIMS.has(name) && typeof claim === 'string'
    ? claim.split(' ').includes(value as string)
    : claim === value
}
