/** The kind of key that an algorithm takes (RFC 7518 sections 3.2-3.5, RFC 8037 section 3.1). */
export type KeyKind =
  | { readonly kty: 'oct', readonly leastBytes: number }
  | { readonly kty: 'RSA' }
  | { readonly kty: 'EC', readonly crv: 'P-256' | 'P-384' | 'P-521' }
  | { readonly kty: 'OKP', readonly crv: 'Ed25519' }

/** The algorithms, by their name in a token header (`alg`). */
export type Algorithm =
  | 'HS256'
  | 'HS384'
  | 'HS512'
  | 'RS256'
  | 'RS384'
  | 'RS512'
  | 'PS256'
  | 'PS384'
  | 'PS512'
  | 'ES256'
  | 'ES384'
  | 'ES512'
  | 'EdDSA'

export const ALGORITHMS: Readonly<Record<Algorithm, KeyKind>> = {
  HS256: { kty: 'oct', leastBytes: 32 },
  HS384: { kty: 'oct', leastBytes: 48 },
  HS512: { kty: 'oct', leastBytes: 64 },
  RS256: { kty: 'RSA' },
  RS384: { kty: 'RSA' },
  RS512: { kty: 'RSA' },
  PS256: { kty: 'RSA' },
  PS384: { kty: 'RSA' },
  PS512: { kty: 'RSA' },
  ES256: { kty: 'EC', crv: 'P-256' },
  ES384: { kty: 'EC', crv: 'P-384' },
  ES512: { kty: 'EC', crv: 'P-521' },
  EdDSA: { kty: 'OKP', crv: 'Ed25519' }
}

/**
 * Returns the algorithm of a name that another server wrote. `Ed25519` is EdDSA with the one curve
 * that we accept (RFC 9864 section 2.2).
 */
export function algorithmNamed (name: unknown): Algorithm | undefined {
  if (name === 'Ed25519') return 'EdDSA'
  return isAlgorithm(name) ? name : undefined
}

export const isAlgorithm = (name: unknown): name is Algorithm =>
  typeof name === 'string' && Object.hasOwn(ALGORITHMS, name)
