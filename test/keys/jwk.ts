import { createPrivateKey, createPublicKey } from 'node:crypto'
import t from 'tap'
import {
  type Jwk, type PublicJwk, jwkSet, jwkProblem, publicJwk, thumbprint
} from '../../plugin/keys/jwk.ts'
import { EVERY, isPair, pairOf } from '../fixtures/tokens/keys.ts'
import * as rfc8037 from '../fixtures/tokens/rfc8037.ts'

/** Section 3.1 of RFC 7638. */
const RFC7638_KEY = {
  kty: 'RSA',
  n: '0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw',
  e: 'AQAB',
  alg: 'RS256',
  kid: '2011-04-29'
}

t.test('a thumbprint is that of RFC 7638', async t => {
  t.equal(
    thumbprint(createPublicKey({ key: RFC7638_KEY, format: 'jwk' })),
    'NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs',
    'RFC 7638 section 3.1'
  )
  t.equal(
    thumbprint(createPublicKey({ key: rfc8037.PUBLIC_KEY, format: 'jwk' })),
    rfc8037.THUMBPRINT,
    'RFC 8037 A.3'
  )
})

t.test('the thumbprint of a private key is that of its public one', async t => {
  t.equal(thumbprint(createPrivateKey({ key: rfc8037.KEY, format: 'jwk' })), rfc8037.THUMBPRINT)
  for (const algorithm of EVERY.filter(isPair)) {
    t.equal(
      thumbprint(pairOf(algorithm).privateKey), thumbprint(pairOf(algorithm).publicKey), algorithm
    )
  }
})

t.test('a public key is published by its public members, a private one too', async t => {
  const members = { RSA: ['e', 'n'], EC: ['crv', 'x', 'y'], OKP: ['crv', 'x'] }
  for (const algorithm of EVERY.filter(isPair)) {
    const { publicKey, privateKey } = pairOf(algorithm)
    for (const key of [publicKey, privateKey]) {
      const jwk = publicJwk(key, 'k', algorithm)
      t.same(
        Object.keys(jwk),
        ['kty', 'kid', 'use', 'alg', ...members[jwk.kty as keyof typeof members]],
        algorithm
      )
      t.match(jwk, { kid: 'k', use: 'sig', alg: algorithm })
      t.ok(createPublicKey({ key: jwk, format: 'jwk' }).equals(publicKey), algorithm)
    }
  }
})

t.test('a JWK that is meant for something else says so', async t => {
  const jwk = { kty: 'RSA' }
  const cases: [string, Jwk, 'sign' | 'verify', string | undefined][] = [
    ['nothing is said', jwk, 'sign', undefined],
    [
      'all is as it should be',
      { ...jwk, alg: 'RS256', use: 'sig', key_ops: ['verify', 'sign'] },
      'sign',
      undefined
    ],
    ['to verify', { ...jwk, key_ops: ['verify'] }, 'verify', undefined],
    ['no kty', {}, 'sign', 'has "kty" undefined; RS256 requires "RSA".'],
    ['another kty', { kty: 'EC' }, 'sign', 'has "kty" "EC"; RS256 requires "RSA".'],
    ['a secret', { kty: 'oct' }, 'verify', 'has "kty" "oct"; RS256 requires "RSA".'],
    [
      'kty in other letters', { kty: 'rsa' }, 'verify',
      'has "kty" "rsa"; RS256 requires "RSA".'
    ],
    [
      'another alg', { ...jwk, alg: 'PS256' }, 'verify',
      'must have "alg" "RS256", or no "alg".'
    ],
    [
      'alg of encryption',
      { ...jwk, alg: 'RSA-OAEP' },
      'verify',
      'must have "alg" "RS256", or no "alg".'
    ],
    [
      'alg null',
      { ...jwk, alg: null as unknown as string },
      'verify',
      'must have "alg" "RS256", or no "alg".'
    ],
    [
      'use enc', { ...jwk, use: 'enc' }, 'verify',
      'must have "use" "sig", or no "use".'
    ],
    [
      'key_ops without sign',
      { ...jwk, key_ops: ['verify'] },
      'sign',
      'must have "sign" in its "key_ops", or no "key_ops".'
    ],
    [
      'key_ops without verify',
      { ...jwk, key_ops: ['sign', 'encrypt'] },
      'verify',
      'must have "verify" in its "key_ops", or no "key_ops".'
    ],
    [
      'no key_ops at all', { ...jwk, key_ops: [] }, 'verify',
      'must have "verify" in its "key_ops", or no "key_ops".'
    ],
    ['a kid', { ...jwk, kid: 'x'.repeat(200) }, 'verify', undefined],
    [
      'a kid that is empty', { ...jwk, kid: '' }, 'verify',
      'must have a "kid" of 1 to 200 characters, or no "kid".'
    ],
    [
      'a kid that is too long',
      { ...jwk, kid: 'x'.repeat(201) },
      'verify',
      'must have a "kid" of 1 to 200 characters, or no "kid".'
    ],
    [
      'a kid that is a number',
      { ...jwk, kid: 1 as unknown as string },
      'verify',
      'must have a "kid" of 1 to 200 characters, or no "kid".'
    ],
    [
      'key_ops that are a text',
      { ...jwk, key_ops: 'verify' as unknown as string[] },
      'verify',
      'must have "verify" in its "key_ops", or no "key_ops".'
    ]
  ]
  for (const [what, jwk, operation, expected] of cases) {
    t.equal(jwkProblem(jwk, 'RS256', operation), expected, what)
  }
})

t.test('a JWK set is in the order of the kids, whatever that of the keys', async t => {
  const keys = ['b', 'B', 'a', '10', '9', 'é'].map(
    kid => ({ kty: 'OKP', kid, use: 'sig', alg: 'EdDSA' }) satisfies PublicJwk
  )
  const sorted = ['10', '9', 'B', 'a', 'b', 'é']
  t.same(jwkSet(keys).keys.map(({ kid }) => kid), sorted)
  t.same(jwkSet([...keys].reverse()).keys.map(({ kid }) => kid), sorted)
  t.equal(keys[0]?.kid, 'b', 'what was given is as it was')
  t.equal(
    jwkSet([...keys, ...keys]).keys.length, keys.length, 'a key of two registrations is there once'
  )
  t.same(jwkSet([]), { keys: [] })
})
