import { createPublicKey, randomBytes } from 'node:crypto'
import { createSigner } from 'fast-jwt'
import { createPrivateKey } from 'node:crypto'
import type { Algorithm } from '../plugin/keys/algorithms.ts'
import { generateKey } from '../plugin/keys/generate-key.ts'
import type { Guard } from './servers/guarded.ts'

/** A key, and good access tokens of as many users as are asked for. */
export interface Minted extends Guard { mint(count: number): string[] }

/** Makes a key of an algorithm, and what mints access tokens with it as this package does. */
export function createMint (algorithm: Algorithm): Minted {
  const { signing, verifying } = keyOf(algorithm)
  const sign = createSigner({ key: signing, algorithm })
  const now = Math.floor(Date.now() / 1000)
  const mint = (): string =>
    sign({
      token_type: 'access',
      exp: now + 86_400,
      iat: now,
      jti: randomBytes(16).toString('hex'),
      user_id: String(1 + Math.floor(Math.random() * 1_000_000)),
      sid: randomBytes(16).toString('hex')
    })
  return { algorithm, key: verifying, mint: count => Array.from({ length: count }, mint) }
}

function keyOf (algorithm: Algorithm): { signing: string, verifying: string } {
  const jwk = generateKey(algorithm)
  if (jwk.kty === 'oct') return { signing: jwk.k as string, verifying: jwk.k as string }
  const privateKey = createPrivateKey({ key: jwk, format: 'jwk' })
  return {
    signing: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    verifying: createPublicKey(privateKey).export({ type: 'spki', format: 'pem' }).toString()
  }
}
