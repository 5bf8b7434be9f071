import { readFileSync } from 'node:fs'
// In your app: from 'fastify-simplejwt'
import type { Jwk, KeyInput } from '../plugin/index.ts'

/**
 * Reads the file of `JWT_KEYS`: a JWK set (`{"keys":[...]}`) of private keys, or one JWK. The first
 * signing key signs.
 * @throws Error that names the file and the problem
 */
export function readKeys (path: string): KeyInput[] {
  const content = parse(path) as { keys?: unknown } | null
  const keys = Array.isArray(content?.keys) ? content.keys : [content]
  const inputs = keys.map((jwk, index) => asInput(jwk, `JWT_KEYS: key ${index + 1} of ${path}`))
  if (!inputs.some(input => 'secret' in input || 'privateKey' in input)) {
    throw new Error(`JWT_KEYS: ${path} has no signing key. Add a secret or a private key.`)
  }
  return inputs
}

function parse (path: string): unknown {
  try {
    // Some editors write a byte order mark.
    return JSON.parse(readFileSync(path, 'utf8').replace(/^\ufeff/, ''))
  } catch (error) {
    // The parser's message repeats a part of the file, and that may be a key.
    const reason = error instanceof SyntaxError ? 'it is not JSON' : (error as Error).message
    throw new Error(`JWT_KEYS: ${path} cannot be read: ${reason}`)
  }
}

function asInput (jwk: Jwk | null, name: string): KeyInput {
  if (typeof jwk !== 'object' || jwk === null || typeof jwk.kty !== 'string') {
    throw new Error(`${name} is not a JWK`)
  }
  if (typeof jwk.alg !== 'string') throw new Error(`${name} has no "alg"`)
  const { kid, alg: algorithm } = jwk
  const key = jwk.kty === 'oct'
    ? { secret: Buffer.from(String(jwk.k), 'base64url') }
    : Object.hasOwn(jwk, 'd') ? { privateKey: jwk } : { publicKey: jwk }
  // The plugin checks the algorithm and the key.
  return { algorithm, ...(kid !== undefined && { kid }), ...key } as KeyInput
}
