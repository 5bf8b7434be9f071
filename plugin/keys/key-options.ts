import { type KeyObject, createPublicKey, sign, verify } from 'node:crypto'
import { type Algorithm, ALGORITHMS, isAlgorithm } from './algorithms.ts'
import { isKid, thumbprint } from './jwk.ts'
import { type KeyMaterial, readPrivateKey, readPublicKey } from './parse-key.ts'
import type { Refuse } from '../option-checks.ts'
import { checkSecret } from './parse-secret.ts'

/** A symmetric key. Each server that verifies with it can also sign with it. */
export interface SecretInput {
  /** Key id. Written into token headers, and selects the key of a token. Default none. */
  kid?: string
  algorithm: 'HS256' | 'HS384' | 'HS512'
  /**
   * At least 32, 48 or 64 bytes (RFC 7518 section 3.2). A string is read as UTF-8. Undefined, such
   * as an unset environment variable, fails the start.
   */
  secret: string | Buffer | undefined
}

/** An asymmetric key. Signs and verifies with a `privateKey`, only verifies without one. */
export interface KeyPairInput {
  /** Key id. Default: the `kid` of a JWK, otherwise the SHA-256 thumbprint (RFC 7638). */
  kid?: string
  algorithm: Exclude<Algorithm, SecretInput['algorithm']>
  /** PEM (PKCS#8, PKCS#1, SEC1), JWK or KeyObject. */
  privateKey?: KeyMaterial
  /** Required for an encrypted `privateKey`. */
  passphrase?: string
  /** PEM (SPKI, PKCS#1, X.509 certificate), JWK or KeyObject. Default: of the `privateKey`. */
  publicKey?: KeyMaterial
  /**
   * Whether the JWKS route shows the public key. Default: true for a key that can sign, otherwise
   * false.
   */
  publish?: boolean
}

/** An entry of the option `keys`. Each key serves one algorithm. */
export type KeyInput = SecretInput | KeyPairInput

/** A checked symmetric key. */
export interface SecretKey {
  readonly kid: string | undefined
  readonly algorithm: Algorithm
  readonly secret: Buffer
}

/** A checked asymmetric key. Without a `privateKey` it only verifies. */
export interface PairKey {
  readonly kid: string | undefined
  readonly algorithm: Algorithm
  readonly privateKey: KeyObject | undefined
  readonly publicKey: KeyObject
  /** Whether the JWKS route shows it. */
  readonly publish: boolean
}

export type Key = SecretKey | PairKey

export const isSecret = (key: Key): key is SecretKey => 'secret' in key

export const canSign = (key: Key): boolean => isSecret(key) || key.privateKey !== undefined

/**
 * Checks the options `secret` and `keys`, and returns the keys.
 * @throws the error of `refuse`, which gets the name of the option and the broken rule
 */
export function resolveKeys (
  given: { secret?: unknown, keys?: unknown }, refuse: Refuse
): readonly Key[] {
  if (given.secret !== undefined && given.keys !== undefined) {
    refuse('keys', 'excludes "secret". Set only one of the two.')
  }
  if (given.keys === undefined) {
    return [
      {
        kid: undefined,
        algorithm: 'HS256',
        secret: checkSecret('secret', given.secret, 'HS256', refuse)
      }
    ]
  }
  if (!Array.isArray(given.keys) || given.keys.length === 0) {
    refuse('keys', 'must be an array of at least one key.')
  }

  const keys = Array.from(given.keys, (key: unknown, index) =>
    resolveKey(`keys[${index}]`, key, refuse)
  )
  refuseRepeats(keys, refuse)
  return keys
}

const MEMBERS = {
  oct: ['kid', 'algorithm', 'secret'],
  pair: ['kid', 'algorithm', 'privateKey', 'passphrase', 'publicKey', 'publish']
}

function resolveKey (name: string, given: unknown, refuse: Refuse): Key {
  if (typeof given !== 'object' || given === null) return refuse(name, 'must be an object.')
  const { algorithm, kid } = given as { algorithm: unknown, kid?: unknown }
  if (!isAlgorithm(algorithm)) {
    return refuse(`${name}.algorithm`, `must be one of: ${Object.keys(ALGORITHMS).join(', ')}.`)
  }
  const symmetric = ALGORITHMS[algorithm].kty === 'oct'
  for (const member of Object.keys(given)) {
    if (!MEMBERS[symmetric ? 'oct' : 'pair'].includes(member)) {
      refuse(`${name}.${member}`,
        `is not known for ${algorithm}. Remove it, or check its spelling.`)
    }
  }
  if (kid !== undefined && !isKid(kid)) {
    refuse(`${name}.kid`, 'must be a string of 1 to 200 characters.')
  }
  if (symmetric) {
    return {
      kid: kid as string | undefined,
      algorithm,
      secret: checkSecret(`${name}.secret`, (given as SecretInput).secret, algorithm, refuse)
    }
  }
  return resolvePair(name, given as KeyPairInput, refuse)
}

function resolvePair (name: string, given: KeyPairInput, refuse: Refuse): PairKey {
  const {
    algorithm, kid, privateKey, passphrase, publicKey, publish = privateKey !== undefined
  } = given
  if (privateKey === undefined && publicKey === undefined) {
    refuse(name, 'must have a "privateKey", or a "publicKey" to verify only.')
  }
  if (passphrase !== undefined && typeof passphrase !== 'string') {
    refuse(`${name}.passphrase`, 'must be a string.')
  }
  if (typeof publish !== 'boolean') refuse(`${name}.publish`, 'must be true or false.')
  const signing =
    privateKey === undefined
      ? undefined
      : readPrivateKey(privateKey, passphrase, { name: `${name}.privateKey`, algorithm, refuse })
  const verifying =
    publicKey === undefined
      ? createPublicKey(signing as KeyObject)
      : readPublicKey(publicKey, { name: `${name}.publicKey`, algorithm, refuse })
  if (signing !== undefined && !belongTogether(signing, verifying)) {
    refuse(name, 'has a damaged "privateKey", or a "publicKey" that does not match it.')
  }
  const named = [kid, kidOf(publicKey), kidOf(privateKey)].find(isKid)
  return {
    kid: named ?? thumbprint(verifying),
    algorithm,
    privateKey: signing,
    publicKey: verifying,
    publish
  }
}

const kidOf = (material: unknown): unknown => (material as { kid?: unknown } | undefined)?.kid

/** OpenSSL reads a damaged JWK without an error. Signing and verifying a probe finds it. */
function belongTogether (privateKey: KeyObject, publicKey: KeyObject): boolean {
  const hash = privateKey.asymmetricKeyType === 'ed25519' ? null : 'sha256'
  const probe = Buffer.from('probe')
  try {
    return verify(hash, probe, publicKey, sign(hash, probe, privateKey))
  } catch {
    return false
  }
}

/** A `kid` names one key, and a key serves one algorithm (RFC 8725 section 3.1). */
function refuseRepeats (keys: readonly Key[], refuse: Refuse): void {
  const kids = new Set<string>()
  const materials = new Set<string>()
  for (const [index, key] of keys.entries()) {
    const material = isSecret(key) ? key.secret.toString('latin1') : thumbprint(key.publicKey)
    if (key.kid !== undefined && kids.has(key.kid)) {
      refuse(`keys[${index}].kid`, 'must be unique.')
    }
    if (materials.has(material)) {
      refuse(`keys[${index}]`,
        'duplicates another key. Use each key with one algorithm and one kid.')
    }
    if (key.kid !== undefined) kids.add(key.kid)
    materials.add(material)
  }
}
