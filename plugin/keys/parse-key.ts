import {
  type AsymmetricKeyDetails, type JsonWebKey, KeyObject, createPrivateKey, createPublicKey
} from 'node:crypto'
import { type Algorithm, ALGORITHMS } from './algorithms.ts'
import { type Jwk, jwkProblem } from './jwk.ts'
import type { Refuse } from '../option-checks.ts'

/**
 * A key as PEM text, a JWK, or a KeyObject of node:crypto. A public key may also be a certificate
 * in PEM.
 */
export type KeyMaterial = string | Buffer | KeyObject | JsonWebKey | Jwk

/** The option and the algorithm of a key, and how to refuse it. */
interface Purpose { name: string, algorithm: Algorithm, refuse: Refuse }

/**
 * Reads a private key: PEM (PKCS#8, PKCS#1 or SEC1, optionally encrypted), a JWK, or a KeyObject.
 * @throws the error of `refuse`, for any other value, a weak key, or a key of another algorithm
 */
export function readPrivateKey (
  given: unknown,
  passphrase: string | undefined,
  { name, algorithm, refuse }: Purpose
): KeyObject {
  // OpenSSL's error does not say that the passphrase is missing.
  if (passphrase === undefined && isEncrypted(given)) {
    refuse(name, 'is encrypted. Set its "passphrase".')
  }
  const key = read(given, 'private', { name, algorithm, refuse }, text =>
    createPrivateKey(passphrase === undefined ? text : { key: text, passphrase })
  )
  checkKind(key, { name, algorithm, refuse })
  return key
}

/**
 * Reads a public key: PEM (SPKI or PKCS#1), an X.509 certificate, a JWK, or a KeyObject. Ignores
 * the dates of a certificate.
 * @throws the error of `refuse`, for any other value, a private key, a weak key, or a key of
 *   another algorithm
 */
export function readPublicKey (given: unknown, { name, algorithm, refuse }: Purpose): KeyObject {
  const key = read(given, 'public', { name, algorithm, refuse }, text => createPublicKey(text))
  checkKind(key, { name, algorithm, refuse })
  return key
}

/** PKCS#8 names the encryption in its first line, PKCS#1 and SEC1 in a header. */
const isEncrypted = (given: unknown): boolean =>
  (typeof given === 'string' || Buffer.isBuffer(given)) &&
  /-----BEGIN ENCRYPTED|Proc-Type: 4,ENCRYPTED/.test(given.toString())

type Half = 'private' | 'public'

const OTHER_HALF: Record<Half, Half> = { private: 'public', public: 'private' }

function read (
  given: unknown, half: Half, purpose: Purpose, fromPem: (text: string) => KeyObject
): KeyObject {
  const { name, refuse } = purpose
  if (given instanceof KeyObject) {
    return given.type === half
      ? given
      : refuse(name, `is a ${given.type} key; expected a ${half} key.`)
  }
  if (typeof given === 'string' || Buffer.isBuffer(given)) {
    return readPem(given.toString(), half, purpose, fromPem)
  }
  if (typeof given === 'object' && given !== null) return readJwk(given as Jwk, half, purpose)
  return refuse(name, 'must be a key: PEM text, a JWK or a KeyObject.')
}

function readPem (
  text: string,
  half: Half,
  { name, refuse }: Purpose,
  fromPem: (text: string) => KeyObject
): KeyObject {
  if (!text.includes('-----BEGIN')) refuse(name, 'must be a key: PEM text, a JWK or a KeyObject.')
  if (text.includes('PRIVATE KEY-----') !== (half === 'private')) {
    refuse(name, `is a ${OTHER_HALF[half]} key; expected a ${half} key.`)
  }
  try {
    return fromPem(text)
  } catch {
    // OpenSSL's error is no help, and may repeat a part of the key.
    return refuse(
      name,
      isEncrypted(text)
        ? 'cannot be read: the "passphrase" is wrong, or the key is damaged.'
        : `cannot be read as a ${half} key.`
    )
  }
}

function readJwk (jwk: Jwk, half: Half, { name, algorithm, refuse }: Purpose): KeyObject {
  const misuse = jwkProblem(jwk, algorithm, half === 'private' ? 'sign' : 'verify')
  if (misuse !== undefined) refuse(name, misuse)
  if (isPrivate(jwk) !== (half === 'private')) {
    refuse(name, `is a ${OTHER_HALF[half]} key; expected a ${half} key.`)
  }
  try {
    return half === 'private'
      ? createPrivateKey({ key: jwk, format: 'jwk' })
      : createPublicKey({ key: jwk, format: 'jwk' })
  } catch {
    return refuse(name, `cannot be read as a ${half} key.`)
  }
}

/** RFC 7518 sections 6.2.2, 6.3.2 and 6.4. */
const isPrivate = (jwk: Jwk): boolean =>
  ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k'].some(member => Object.hasOwn(jwk, member))

const TYPES: Record<string, string> = { RSA: 'rsa', EC: 'ec', OKP: 'ed25519' }
const CURVES: Record<string, string> = {
  'P-256': 'prime256v1',
  'P-384': 'secp384r1',
  'P-521': 'secp521r1'
}

/**
 * Refuses a key of another algorithm and a weak key (RFC 7518 sections 3.3 to 3.5, RFC 8725 section
 * 3.5).
 */
function checkKind (key: KeyObject, { name, algorithm, refuse }: Purpose): void {
  const kind = ALGORITHMS[algorithm]
  const {
    modulusLength = 0, publicExponent = 0n, namedCurve
  } = key.asymmetricKeyDetails as AsymmetricKeyDetails
  if (key.asymmetricKeyType !== TYPES[kind.kty]) {
    refuse(
      name, `has the type ${key.asymmetricKeyType}; ${algorithm} requires ${TYPES[kind.kty]}.`
    )
  }
  if (kind.kty === 'EC' && namedCurve !== CURVES[kind.crv]) {
    refuse(
      name,
      `has the curve ${namedCurve}; ${algorithm} requires ${kind.crv} (${CURVES[kind.crv]}).`
    )
  }
  if (kind.kty !== 'RSA') return
  if (modulusLength < 2048) {
    refuse(name, `must have at least 2048 bits (RFC 7518 section 3.3); it has ${modulusLength}.`)
  }
  if (publicExponent < 3n || publicExponent % 2n === 0n) {
    refuse(name, `has the bad public exponent ${publicExponent}. Use 65537.`)
  }
}
