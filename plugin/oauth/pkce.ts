import { createHash, timingSafeEqual } from 'node:crypto'

/** A challenge of the method S256: the base64url of 32 bytes (RFC 7636 section 4.2). */
const CHALLENGE = /^[A-Za-z0-9_-]{43}$/
/** RFC 7636 section 4.1. */
const VERIFIER = /^[A-Za-z0-9._~-]{43,128}$/

export const isChallenge = (text: string | undefined): text is string =>
  text !== undefined && CHALLENGE.test(text)

/** Returns whether a verifier is that of a challenge (RFC 7636 section 4.6). */
export function isVerifierOf (challenge: string, verifier: string | undefined): boolean {
  if (verifier === undefined || !VERIFIER.test(verifier)) return false
  const hash = createHash('sha256').update(verifier).digest('base64url')
  return timingSafeEqual(Buffer.from(hash), Buffer.from(challenge))
}
