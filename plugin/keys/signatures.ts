import {
  type KeyObject, constants, createHmac, createSecretKey, timingSafeEqual, verify
} from 'node:crypto'
import { ALGORITHMS } from './algorithms.ts'
import { ecdsaToDer } from './ecdsa-der.ts'
import { type Key, type PairKey, isSecret } from './key-options.ts'

/**
 * Returns whether a signature is that of a text, by one key and its one algorithm. The text is
 * ASCII. Never throws.
 */
export type SignatureCheck = (signed: string, signature: Buffer) => boolean

/** Builds the check of a key. So the header of a token chooses neither algorithm nor parameters. */
export const signatureCheck = (key: Key): SignatureCheck =>
  isSecret(key)
    ? secretCheck(hashOf(key), createSecretKey(key.secret))
    : pairCheck(methodOf(key))

const hashOf = ({ algorithm }: Key): string => `sha${algorithm.slice(2)}`

function secretCheck (hash: string, secret: KeyObject): SignatureCheck {
  return (signed, signature) => {
    const expected = createHmac(hash, secret).update(signed).digest()
    // timingSafeEqual throws for other lengths. The length is public.
    return signature.length === expected.length && timingSafeEqual(signature, expected)
  }
}

/** How the signature of a key pair is written, and how OpenSSL verifies it. */
interface Method {
  readonly hash: string | null
  readonly key: { readonly key: KeyObject, readonly padding?: number, readonly saltLength?: number }
  /** In bytes. */
  readonly length: number
  readonly toOpenSsl?: (signature: Buffer) => Buffer
}

/** Two numbers of one length (RFC 7518 section 3.4), in bytes. */
const ECDSA_LENGTHS = { 'P-256': 64, 'P-384': 96, 'P-521': 132 }
/** RFC 8032 section 5.1.6. */
const ED25519_LENGTH = 64
const PKCS1 = { padding: constants.RSA_PKCS1_PADDING }
/** RFC 7518 section 3.5: the salt is as long as the hash. */
const PSS = {
  padding: constants.RSA_PKCS1_PSS_PADDING,
  saltLength: constants.RSA_PSS_SALTLEN_DIGEST
}

function methodOf (pair: PairKey): Method {
  const { algorithm, publicKey: key } = pair
  const kind = ALGORITHMS[algorithm]
  if (kind.kty === 'OKP') return { hash: null, key: { key }, length: ED25519_LENGTH }
  const hash = hashOf(pair)
  if (kind.kty === 'EC') {
    return { hash, key: { key }, length: ECDSA_LENGTHS[kind.crv], toOpenSsl: ecdsaToDer }
  }
  const bits = key.asymmetricKeyDetails?.modulusLength as number
  const padding = algorithm.startsWith('PS') ? PSS : PKCS1
  return { hash, key: { key, ...padding }, length: Math.ceil(bits / 8) }
}

function pairCheck ({ hash, key, length, toOpenSsl }: Method): SignatureCheck {
  return (signed, signature) => {
    // OpenSSL accepts a PSS signature without its leading zeros (RFC 8017 section 8.1.2, step 1).
    if (signature.length !== length) return false
    try {
      return verify(hash, Buffer.from(signed, 'latin1'), key, toOpenSsl?.(signature) ?? signature)
    } catch {
      return false
    }
  }
}
