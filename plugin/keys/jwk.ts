import { createHash, type KeyObject } from 'node:crypto'
import { type Algorithm, ALGORITHMS } from './algorithms.ts'

/** A JSON Web Key (RFC 7517 section 4) with the members that are read here. */
export interface Jwk {
  readonly kty?: string
  readonly kid?: string
  readonly alg?: string
  readonly use?: string
  readonly key_ops?: readonly string[]
  readonly [member: string]: unknown
}

/** A public key as it is published: no member of it is secret. */
export interface PublicJwk extends Jwk {
  readonly kty: string
  readonly kid: string
  readonly alg: Algorithm
  readonly use: 'sig'
}

/**
 * The members that make a key pair what it is, in the order of RFC 7638 section 3.2. None of them
 * is secret.
 */
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

/** The SHA-256 thumbprint of a key (RFC 7638). Of a private key it is that of its public one. */
export function thumbprint (key: KeyObject): string {
  return createHash('sha256')
    .update(JSON.stringify(requiredMembers(key.export({ format: 'jwk' }) as Jwk)))
    .digest('base64url')
}

/**
 * A public key in the form of RFC 7517: its public members, and which key of which algorithm it is.
 */
export function publicJwk (key: KeyObject, kid: string, algorithm: Algorithm): PublicJwk {
  const { kty, ...members } = requiredMembers(key.export({ format: 'jwk' }) as Jwk)
  return { kty: kty as string, kid, use: 'sig', alg: algorithm, ...members }
}

export const isKid = (kid: unknown): kid is string =>
  typeof kid === 'string' && kid !== '' && kid.length <= 200

/**
 * Why a JWK is none to sign or to verify with by `algorithm` (RFC 7517 sections 4.2 to 4.4), or
 * undefined.
 */
export function jwkProblem (
  jwk: Jwk, algorithm: Algorithm, operation: 'sign' | 'verify'
): string | undefined {
  if (jwk.kty !== ALGORITHMS[algorithm].kty) {
    const required = ALGORITHMS[algorithm].kty
    return `has "kty" ${JSON.stringify(jwk.kty)}; ${algorithm} requires "${required}".`
  }
  if (jwk.alg !== undefined && jwk.alg !== algorithm) {
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
 * A JWK set (RFC 7517 section 5) of public keys: each once, and in the order of their kids, so that
 * it only changes with them.
 */
export function jwkSet (keys: readonly PublicJwk[]): { keys: PublicJwk[] } {
  const different = new Map(keys.map(key => [`${key.kid} ${JSON.stringify(key)}`, key]))
  return { keys: [...different.keys()].sort().map(text => different.get(text) as PublicJwk) }
}
