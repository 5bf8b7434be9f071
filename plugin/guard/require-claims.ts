import type { FastifyRequest } from 'fastify'
import { type Authenticate, admit, createGuard, setUser } from './authenticate.ts'
import type { AccessClaims } from '../tokens/claims.ts'
import type { Core } from '../registration.ts'

type Value = string | number | boolean

/**
 * Claims that a token must have, each with a value, or with all of some values. An array in the token has each of its members;
 * `scope` and `scp` may also be words with spaces between (RFC 9068 section 2.2.3), here as in the token.
 */
export type RequiredClaims = Readonly<Record<string, Value | readonly Value[]>>

/**
 * A guard for those whose access token says that they may: by claims, or by a function of the claims that says `true`. It does all
 * that `authenticate` does, and then answers 403 with `error="insufficient_scope"` (RFC 6750 section 3.1). After another guard
 * it leaves `request.user` as it is.
 * @throws TypeError for requirements that require nothing
 */
export type RequireClaims = (required: RequiredClaims | ((claims: AccessClaims) => boolean)) => Authenticate

const SCOPES = new Set(['scope', 'scp'])
/** RFC 6749 section 3.3. They go into a header. */
const SCOPE = /^[\x21\x23-\x5b\x5d-\x7e]+$/

export function createRequireClaims (core: Core): RequireClaims {
  return required => {
    const needs = typeof required === 'function' ? [] : needsOf(required)
    const allows = typeof required === 'function' ? required : (claims: AccessClaims) => needs.every(need => isMet(need, claims))
    const scope = needs.filter(({ name }) => SCOPES.has(name)).map(({ value }) => value).join(' ')

    const permitted = (claims: AccessClaims): AccessClaims => {
      // Nothing but true: an async function would let everybody in.
      if (allows(claims) !== true) throw core.unauthorized.insufficientScope(scope)
      return claims
    }
    return createGuard(request => {
      const admitted = admit(request, core)
      return admitted instanceof Promise ? admitted.then(permitted) : permitted(admitted)
    }, putIfEmpty)
  }
}

function putIfEmpty (request: FastifyRequest, claims: AccessClaims): void {
  if (request.user === null || request.user === undefined) setUser(request, claims)
}

/** A value that a claim must have. */
interface Need { name: string, value: Value }

function needsOf (required: RequiredClaims): Need[] {
  const entries = typeof required === 'object' && required !== null && !Array.isArray(required) ? Object.entries(required) : []
  if (entries.length === 0) throw new TypeError('fastify-simplejwt: requireClaims() needs an object of claims, or everybody would be let in.')
  return entries.flatMap(([name, required]) => {
    const values = [required].flat().flatMap(value => SCOPES.has(name) && typeof value === 'string' ? value.split(' ') : [value])
    if (values.length === 0 || !values.every(SCOPES.has(name) ? isScope : isValue)) {
      throw new TypeError(`fastify-simplejwt: requireClaims() needs a text, a number, true or false for "${name}", or several of them.`)
    }
    return values.map(value => ({ name, value }))
  })
}

const isScope = (value: unknown): boolean => typeof value === 'string' && SCOPE.test(value)
const isValue = (value: unknown): boolean => typeof value === 'string' ? value !== '' : typeof value === 'boolean' || Number.isFinite(value)

function isMet ({ name, value }: Need, claims: AccessClaims): boolean {
  const claim: unknown = Object.hasOwn(claims, name) ? claims[name] : undefined
  if (Array.isArray(claim)) return claim.includes(value)
  return SCOPES.has(name) && typeof claim === 'string' ? claim.split(' ').includes(value as string) : claim === value
}
