import { type KeyObject, verify } from 'node:crypto'

/**
 * Verifies a compact token whose header says `Ed25519` (RFC 9864 section 2.2), the new name of
 * EdDSA with this curve. fast-jwt does not know the name, and the signature covers it.
 * @throws Error for a bad signature, or a payload that is not JSON
 */
export function verifyEd25519 (token: string, key: KeyObject): { payload: unknown } {
  const [header, payload, signature] = token.split('.') as [string, string, string]
  const signed = Buffer.from(`${header}.${payload}`)
  if (!verify(null, signed, key, Buffer.from(signature, 'base64url'))) {
    throw new Error('The signature does not match.')
  }
  return { payload: JSON.parse(Buffer.from(payload, 'base64url').toString()) as unknown }
}
