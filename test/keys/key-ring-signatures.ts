import { createPublicKey, sign, verify } from 'node:crypto'
import t from 'tap'
import { type Algorithm, ALGORITHMS } from '../../plugin/keys/algorithms.ts'
import type { KeyInput, PairKey } from '../../plugin/keys/key-options.ts'
import { type Jws, readJws } from '../../plugin/tokens/jws.ts'
import {
  EVERY, bothRings, createPair, createRing, inputOf, isPair, pairOf, publicInputOf, resolved,
  signAs, signatureOf, signerOf, verified
} from '../fixtures/tokens/keys.ts'
import {
  A1_KEY, A1_TOKEN, A2_KEY, A2_TOKEN, A3_CERTIFICATE, A3_KEY, A3_TOKEN, CLAIMS
} from '../fixtures/tokens/rfc7515.ts'
import * as rfc8037 from '../fixtures/tokens/rfc8037.ts'

const split = (token: string): [input: string, signature: Buffer] => {
  const dot = token.lastIndexOf('.')
  return [token.slice(0, dot), Buffer.from(token.slice(dot + 1), 'base64url')]
}

t.test('key ring: signs and verifies with each algorithm, before and after replace', async t => {
  for (const algorithm of EVERY) {
    for (const [when, ring] of await bothRings(t, inputOf(algorithm))) {
      const what = `${algorithm}, ${when}`
      const token = ring.sign({ iat: 1, name: 'Zoë' })
      t.same(verified(ring, token), { iat: 1, name: 'Zoë' }, what)
      t.same(
        verified(ring, signAs(algorithm, { iat: 1 })), { iat: 1 }, `${what}: signed by node:crypto`
      )
      const [input, signature] = split(token)
      if (!isPair(algorithm) || /^RS|^Ed/.test(algorithm)) {
        t.same(
          signature,
          signatureOf(input, algorithm, signerOf(algorithm)),
          `${what}: byte for byte that of node:crypto`
        )
      }
    }
  }
})

t.test('key ring: tokens stay valid when the same keys are set again', async t => {
  for (const algorithm of EVERY) {
    const ring = await createRing(t, inputOf(algorithm))
    const before = ring.sign({ n: 1 })
    ring.replace(resolved(inputOf(algorithm)))
    t.match(verified(ring, before), { n: 1 }, algorithm)
    t.match(
      verified(await createRing(t, inputOf(algorithm)), ring.sign({ n: 2 })), { n: 2 }, algorithm
    )
  }
})

t.test('key ring: refuses an altered, cut, extended or re-encoded signature', async t => {
  for (const algorithm of EVERY) {
    const [input, signature] = split(tokenWithSpecialCharacters(algorithm))
    const text = signature.toString('base64url')
    const flipped = (index: number): Buffer => {
      const bytes = Buffer.from(signature)
      bytes[index]! ^= 1
      return bytes
    }
    const others: [string, string][] = [
      ...[0, signature.length >> 1, signature.length - 1].map(
        index =>
          [`a bit of byte ${index} altered`, flipped(index).toString('base64url')] as [
            string,
            string
          ]
      ),
      ...(
        [
          ['all zero', Buffer.alloc(signature.length)],
          ['all ones', Buffer.alloc(signature.length, 0xff)],
          ['one byte', Buffer.alloc(1)],
          ['cut at the end', signature.subarray(0, -1)],
          ['cut at the start', signature.subarray(1)],
          ['half', signature.subarray(0, signature.length / 2)],
          ['longer by a zero', Buffer.concat([signature, Buffer.alloc(1)])],
          ['a zero in front', Buffer.concat([Buffer.alloc(1), signature])],
          ['doubled', Buffer.concat([signature, signature])],
          [
            'halves exchanged',
            Buffer.concat([
              signature.subarray(signature.length / 2), signature.subarray(0, signature.length / 2)
            ])
          ],
          [
            'of another key',
            split(
              signAs(
                algorithm,
                { n: 1 },
                {},
                isPair(algorithm) ? createPair(algorithm).privateKey : Buffer.alloc(64, '?')
              )
            )[1]
          ],
          ['of other claims', split(signAs(algorithm, { other: true }))[1]]
        ] as [string, Buffer][]
      ).map(([what, bytes]) => [what, bytes.toString('base64url')] as [string, string]),
      ['empty', ''],
      ['standard base64', signature.toString('base64')],
      ['standard base64, unpadded', signature.toString('base64').replace(/=+$/, '')],
      ['padded', `${text}${'='.repeat((4 - text.length % 4) % 4 || 4)}`],
      ['hex', signature.toString('hex')],
      ['base64 of base64', Buffer.from(text).toString('base64url')],
      ['a dot at the end', `${text}.`]
    ]
    for (const [when, ring] of await bothRings(t, inputOf(algorithm))) {
      t.match(verified(ring, `${input}.${text}`), {}, `${algorithm}, ${when}: as it was`)
      for (const [what, other] of others) {
        t.equal(verified(ring, `${input}.${other}`), undefined, `${algorithm}, ${when}: ${what}`)
      }
      t.equal(verified(ring, input), undefined, `${algorithm}, ${when}: none at all`)
    }
  }
})

/** One whose signature looks otherwise in standard base64. */
function tokenWithSpecialCharacters (algorithm: Algorithm): string {
  for (let n = 0; ; n++) {
    const token = signAs(algorithm, { n })
    if (/[-_]/.test(token.slice(token.lastIndexOf('.')))) return token
  }
}

t.test('key ring: refuses an ECDSA signature in DER (RFC 7518 section 3.4)', async t => {
  for (const algorithm of ['ES256', 'ES384', 'ES512'] as const) {
    const [input] = split(signAs(algorithm, { n: 1 }))
    const der = sign(`sha${algorithm.slice(2)}`, Buffer.from(input), {
      key: pairOf(algorithm).privateKey,
      dsaEncoding: 'der'
    }).toString('base64url')
    for (const [when, ring] of await bothRings(t, inputOf(algorithm))) {
      t.equal(verified(ring, `${input}.${der}`), undefined, `${algorithm}, ${when}`)
    }
  }
})

t.test('key ring: refuses Ed25519 S plus the group order (RFC 8032 section 5.1.7)', async t => {
  const [input, signature] = split(signAs('EdDSA', { n: 1 }))
  const order = 2n ** 252n + 27742317777372353535851937790883648493n
  const s = BigInt(`0x${Buffer.from(signature.subarray(32)).reverse().toString('hex')}`) + order
  const other = Buffer.concat([
    signature.subarray(0, 32), Buffer.from(s.toString(16).padStart(64, '0'), 'hex').reverse()
  ])
  t.equal(other.length, 64)
  for (const [when, ring] of await bothRings(t, inputOf('EdDSA'))) {
    t.equal(verified(ring, `${input}.${other.toString('base64url')}`), undefined, when)
  }
})

t.test('key ring: verifies the RFC 7515 examples with their own keys and no others', async t => {
  const { d, p, q, dp, dq, qi, ...a2Public } = A2_KEY
  const { d: _, ...a3Public } = A3_KEY
  const examples: [string, string, KeyInput[]][] = [
    ['A.1', A1_TOKEN, [{ algorithm: 'HS256', secret: A1_KEY }]],
    [
      'A.2',
      A2_TOKEN,
      [{ algorithm: 'RS256', privateKey: A2_KEY }, { algorithm: 'RS256', publicKey: a2Public }]
    ],
    [
      'A.3',
      A3_TOKEN,
      [
        { algorithm: 'ES256', privateKey: A3_KEY },
        { algorithm: 'ES256', publicKey: a3Public },
        { algorithm: 'ES256', publicKey: A3_CERTIFICATE }
      ]
    ]
  ]
  for (const [name, token, keys] of examples) {
    for (const key of keys) {
      for (const [when, ring] of await bothRings(t, key)) {
        t.same(verified(ring, token), CLAIMS, `${name}, ${when}`)
      }
    }
    const others = EVERY.map(algorithm => inputOf(algorithm))
    for (const [when, ring] of await bothRings(t, ...others)) {
      t.equal(verified(ring, token), undefined, `${name}, other keys, ${when}`)
    }
  }
})

t.test('key ring: signs with the RFC 8037 A.4 key, and refuses its non-JSON payload', async t => {
  const [input, signature] = split(rfc8037.TOKEN)
  for (const key of [
    { algorithm: 'EdDSA', privateKey: rfc8037.KEY },
    { algorithm: 'EdDSA', publicKey: rfc8037.PUBLIC_KEY }
  ] as KeyInput[]) {
    const [{ publicKey, kid }] = resolved(key) as [PairKey]
    t.ok(verify(null, Buffer.from(input), publicKey, signature))
    t.equal(kid, rfc8037.THUMBPRINT)
    for (const [when, ring] of await bothRings(t, key)) {
      t.ok(ring.verify(readJws(rfc8037.TOKEN) as Jws), when)
      t.equal(verified(ring, rfc8037.TOKEN), undefined, `${when}: its payload is no JSON`)
    }
  }
  const [{ privateKey }] = resolved({ algorithm: 'EdDSA', privateKey: rfc8037.KEY }) as [PairKey]
  t.same(
    signatureOf(input, 'EdDSA', privateKey as NonNullable<typeof privateKey>),
    signature,
    'Ed25519 is deterministic'
  )
  for (const [when, ring] of await bothRings(t, { algorithm: 'EdDSA', privateKey: rfc8037.KEY })) {
    t.equal(
      ring.sign({ iat: 1 }),
      signAs('EdDSA', { iat: 1 }, { kid: rfc8037.THUMBPRINT }, privateKey),
      when
    )
  }
})

t.test('a public key verifies what its private key signed, and signs nothing', async t => {
  for (const algorithm of EVERY.filter(isPair)) {
    for (const [when, ring] of await bothRings(t, publicInputOf(algorithm))) {
      t.same(verified(ring, signAs(algorithm, { n: 1 })), { n: 1 }, `${algorithm}, ${when}`)
      t.throws(
        () => ring.sign({}), { message: 'no signing key is configured' }, `${algorithm}, ${when}`
      )
      const [{ publicKey }] = resolved(publicInputOf(algorithm)) as [PairKey]
      t.ok(
        publicKey.equals(createPublicKey(pairOf(algorithm).privateKey)), ALGORITHMS[algorithm].kty
      )
    }
  }
})
