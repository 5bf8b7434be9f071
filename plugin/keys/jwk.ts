import { createHash, type KeyObject } from 'node:crypto'
import { type Algorithm, ALGORITHMS, algorithmNamed } from './algorithms.ts'

/** A JSON Web Key (RFC 7517 section 4), with the members that the plugin reads. */
export interface Jwk {
  readonly kty?: string
  readonly kid?: string
  readonly alg?: string
  readonly use?: string
  readonly key_ops?: readonly string[]
  readonly [member: string]: unknown
}

/** A published public key. No member is secret. */
export interface PublicJwk extends Jwk {
  readonly kty: string
  readonly kid: string
  readonly alg: Algorithm
  readonly use: 'sig'
}

/** The members that identify a key pair, in the order of RFC 7638 section 3.2. All are public. */
const REQUIRED: Readonly<Record<string, readonly string[]>> = {
  RSA: ['e', 'kty', 'n'],
  EC: ['crv', 'kty', 'x', 'y'],
  OKP: ['crv', 'kty', 'x']
}

function requiredMembers (jwk: Jwk): Record<string, unknown> {
  return Object.fromEntries(
    (REQUIRED[jwk.kty as string] as string[]).map(member => [member, jwk[member]])
  )
}

/** Returns the SHA-256 thumbprint of a key (RFC 7638), the same for both halves of a pair. */
export function thumbprint (key: KeyObject): string {
  return createHash('sha256')
    .update(JSON.stringify(requiredMembers(key.export({ format: 'jwk' }) as Jwk)))
    .digest('base64url')
}

/** Returns a public key as a JWK (RFC 7517) with `kid`, `use` and `alg`. */
export function publicJwk (key: KeyObject, kid: string, algorithm: Algorithm): PublicJwk {
  const { kty, ...members } = requiredMembers(key.export({ format: 'jwk' }) as Jwk)
  return { kty: kty as string, kid, use: 'sig', alg: algorithm, ...members }
}

export const isKid = (kid: unknown): kid is string =>
  typeof kid === 'string' && kid !== '' && kid.length <= 200

/**
 * Returns the rule that a JWK breaks if it must not sign or verify with `algorithm` (RFC 7517
 * sections 4.2 to 4.4). Returns undefined for a good JWK.
 */
export function jwkProblem (
  jwk: Jwk, algorithm: Algorithm, operation: 'sign' | 'verify'
): string | undefined {
  if (jwk.kty !== ALGORITHMS[algorithm].kty) {
    const required = ALGORITHMS[algorithm].kty
    return `has "kty" ${JSON.stringify(jwk.kty)}; ${algorithm} requires "${required}".`
  }
  if (jwk.alg !== undefined && algorithmNamed(jwk.alg) !== algorithm) {
    return `must have "alg" "${algorithm}", or no "alg".`
  }
  if (jwk.use !== undefined && jwk.use !== 'sig') {
    return 'must have "use" "sig", or no "use".'
  }
  if (
    jwk.key_ops !== undefined &&
    !(Array.isArray(jwk.key_ops) && jwk.key_ops.includes(operation))
  ) {
    return `must have "${operation}" in its "key_ops", or no "key_ops".`
  }
  if (jwk.kid !== undefined && !isKid(jwk.kid)) {
    return 'must have a "kid" of 1 to 200 characters, or no "kid".'
  }
  return undefined
}

/**
 * Returns a JWK set (RFC 7517 section 5) without duplicates, sorted by kid. So the text and its
 * ETag change only with the keys.
 */
export function jwkSet (keys: readonly PublicJwk[]): { keys: PublicJwk[] } {
  const different = new Map(keys.map(key => [`${key.kid} ${JSON.stringify(key)}`, key]))
  return { keys: [...different.keys()].sort().map(text => different.get(text) as PublicJwk) }
}
