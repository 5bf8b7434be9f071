import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'

/**
 * A fast hash is enough: 256 random bits cannot be guessed, so the hash cannot be inverted.
 */
const SECRET_BYTES = 32
const HASH = /^sha256:([A-Za-z0-9_-]{43})$/
/** Compared with the secret of a client that has none, so that the answer takes as long. */
const NO_HASH = Buffer.alloc(32)

const sha256 = (text: string): Buffer => createHash('sha256').update(text).digest()

/** Makes the secret of a client, and the text of its `secretHash`. */
export function newSecret (): { secret: string, hash: string } {
  const secret = randomBytes(SECRET_BYTES).toString('base64url')
  return { secret, hash: `sha256:${sha256(secret).toString('base64url')}` }
}

/** Returns the 32 bytes of a `secretHash`, or undefined for another value. */
export function parseSecretHash (text: unknown): Buffer | undefined {
  const encoded = typeof text === 'string' ? HASH.exec(text)?.[1] : undefined
  if (encoded === undefined) return undefined
  const hash = Buffer.from(encoded, 'base64url')
  // The last of 43 characters has two unused bits.
  return hash.toString('base64url') === encoded ? hash : undefined
}

/** Returns whether a hash is that of the secret. Takes as long without a hash. */
export function isSecretOf (secret: string, hash: Buffer | undefined): boolean {
  return timingSafeEqual(sha256(secret), hash ?? NO_HASH) && hash !== undefined
}
