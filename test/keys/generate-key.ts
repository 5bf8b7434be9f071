import { type JsonWebKey, createPrivateKey } from 'node:crypto'
import t from 'tap'
import { ALGORITHMS } from '../../plugin/keys/algorithms.ts'
import { thumbprint } from '../../plugin/keys/jwk.ts'
import { generateKey } from '../../plugin/keys/generate-key.ts'
import type { KeyPairInput } from '../../plugin/keys/key-options.ts'
import { EVERY, createRing, isPair, verified } from '../fixtures/tokens/keys.ts'

const MEMBERS: Record<string, string[]> = {
  oct: ['k'],
  RSA: ['n', 'e', 'd', 'p', 'q', 'dp', 'dq', 'qi'],
  EC: ['crv', 'x', 'y', 'd'],
  OKP: ['crv', 'x', 'd']
}

t.test('a new key is a private JWK that says what it is for, and signs as it is', async t => {
  for (const algorithm of EVERY) {
    const jwk = generateKey(algorithm)
    const kind = ALGORITHMS[algorithm]
    t.match(
      jwk,
      { kty: kind.kty, alg: algorithm, use: 'sig', ...('crv' in kind && { crv: kind.crv }) },
      algorithm
    )
    t.same(Object.keys(jwk).slice(0, 4), ['kty', 'kid', 'alg', 'use'], algorithm)
    t.same(Object.keys(jwk).slice(4).sort(), [...MEMBERS[kind.kty] as string[]].sort(), algorithm)
    if (isPair(algorithm)) {
      const key = createPrivateKey({ key: jwk as JsonWebKey, format: 'jwk' })
      t.equal(jwk.kid, thumbprint(key), `${algorithm}: its kid is its thumbprint`)
      if (kind.kty === 'RSA') {
        t.match(
          key.asymmetricKeyDetails, { modulusLength: 3072, publicExponent: 65537n }, algorithm
        )
      }
      const ring = await createRing(t, { algorithm, privateKey: jwk } as KeyPairInput)
      t.match(verified(ring, ring.sign({ n: 1 })), { n: 1 }, algorithm)
      t.equal(ring.publicKeys()[0]?.kid, jwk.kid, algorithm)
    }
  }
})

t.test('a new secret is as long as its hash, and its kid tells nothing about it', async t => {
  for (const algorithm of ['HS256', 'HS384', 'HS512'] as const) {
    const { kid, k } = generateKey(algorithm) as { kid: string, k: string }
    const secret = Buffer.from(k, 'base64url')
    t.equal(secret.length, Number(algorithm.slice(2)) / 8)
    t.match(kid, /^[\w-]{16}$/)
    const ring = await createRing(t, { algorithm, kid, secret })
    t.match(verified(ring, ring.sign({ n: 1 })), { n: 1 })
  }
})

t.test('no two are the same', async t => {
  for (const algorithm of ['HS256', 'ES256', 'EdDSA'] as const) {
    const keys = Array.from({ length: 20 }, () => generateKey(algorithm))
    for (const member of ['kid', algorithm === 'HS256' ? 'k' : 'd']) {
      t.equal(new Set(keys.map(key => key[member])).size, 20, `${algorithm}: ${member}`)
    }
  }
})
