import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { type Algorithm, ALGORITHMS, type KeyKind } from './algorithms.ts'
import { type Jwk, thumbprint } from './jwk.ts'

/** NIST SP 800-57 part 1 recommends 3072 bits beyond 2030. The plugin accepts 2048 and more. */
const RSA_BITS = 3072

/**
 * Returns a new private key as a JWK (RFC 7517) with `kid`, `alg` and `use`. A secret gets a random
 * `kid`, since its thumbprint would be a hash of the secret.
 */
export function generateKey (algorithm: Algorithm): Jwk {
  const kind = ALGORITHMS[algorithm]
  if (kind.kty === 'oct') {
    return {
      kty: 'oct',
      kid: randomBytes(12).toString('base64url'),
      alg: algorithm,
      use: 'sig',
      k: randomBytes(kind.leastBytes).toString('base64url')
    }
  }
  const { privateKey, publicKey } = generatePair(kind)
  const { kty, ...members } = privateKey.export({ format: 'jwk' }) as Jwk
  return { kty, kid: thumbprint(publicKey), alg: algorithm, use: 'sig', ...members } as Jwk
}

function generatePair (
  kind: Exclude<KeyKind, { kty: 'oct' }>
): ReturnType<typeof generateKeyPairSync> {
  if (kind.kty === 'RSA') return generateKeyPairSync('rsa', { modulusLength: RSA_BITS })
  return kind.kty === 'EC'
    ? generateKeyPairSync('ec', { namedCurve: kind.crv })
    : generateKeyPairSync('ed25519')
}
