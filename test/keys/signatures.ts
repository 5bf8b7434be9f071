import { createPublicKey, generateKeyPairSync } from 'node:crypto'
import t from 'tap'
import type { Key, PairKey } from '../../plugin/keys/key-options.ts'
import { signatureCheck } from '../../plugin/keys/signatures.ts'
import { vectorsOf } from '../fixtures/signatures/index.ts'
import { TEXT } from '../fixtures/signatures/vector.ts'
import {
  EVERY, inputOf, isPair, publicInputOf, resolved, signatureOf
} from '../fixtures/tokens/keys.ts'

for (const algorithm of EVERY) {
  t.test(`signatureCheck: ${algorithm} accepts its signatures and no others`, async t => {
    const vectors = vectorsOf(algorithm)
    const inputs = [inputOf(algorithm), ...isPair(algorithm) ? [publicInputOf(algorithm)] : []]
    for (const input of inputs) {
      const isSignature = signatureCheck(resolved(input)[0] as Key)
      const wrong = vectors.filter(({ signed, signature, isGood }) =>
        isSignature(signed, signature) !== isGood)
      t.strictSame(wrong.map(({ name, isGood }) => [name, isGood]), [])
    }
    t.ok(vectors.length > 120, `${vectors.length} vectors`)
    t.ok(vectors.filter(({ isGood }) => isGood).length >= 2)
  })
}

t.test('signatureCheck: returns false if OpenSSL throws for a key', async t => {
  const { publicKey } = generateKeyPairSync('ed25519')
  const key = { kid: 'k', algorithm: 'ES256', privateKey: undefined, publicKey, publish: false }
  t.equal(signatureCheck(key as PairKey)(TEXT, Buffer.alloc(64, 1)), false)
})

t.test('signatureCheck: an RSA key may have a length that is no multiple of 8 bits', async t => {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2055 })
  for (const algorithm of ['RS256', 'PS256'] as const) {
    const [key] = resolved({ algorithm, publicKey: createPublicKey(privateKey) })
    const signature = signatureOf(TEXT, algorithm, privateKey)
    t.equal(signature.length, 257)
    t.ok(signatureCheck(key as Key)(TEXT, signature), algorithm)
  }
})
