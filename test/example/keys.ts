import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { readKeys } from '../../example/keys.ts'
import type { Jwk } from '../../plugin/keys/jwk.ts'
import { generateKey } from '../../plugin/keys/generate-key.ts'
import { resolveKeys } from '../../plugin/keys/key-options.ts'
import { refuse } from '../../plugin/option-checks.ts'
import { EVERY, isPair, pairOf } from '../fixtures/tokens/keys.ts'
import { leakOf, messageOf } from '../fixtures/refused.ts'

const folder = t.testdir()
const path = join(folder, 'keys.json')

function read (content: unknown): ReturnType<typeof readKeys> {
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content))
  return readKeys(path)
}

const jwkOf = (algorithm: (typeof EVERY)[number]): Jwk =>
  isPair(algorithm)
    ? ({
        ...pairOf(algorithm).privateKey.export({ format: 'jwk' }),
        kid: `the ${algorithm}`,
        alg: algorithm
      } as Jwk)
    : generateKey(algorithm)

t.test('a key file may begin with a byte order mark', async t => {
  t.equal(read(`\ufeff${JSON.stringify({ keys: [jwkOf('ES256')] })}`).length, 1)
})

t.test('a JWK set gives its keys in their order, of every algorithm', async t => {
  const jwks = EVERY.map(jwkOf)
  const keys = resolveKeys({ keys: read({ keys: jwks }) }, refuse)
  t.same(keys.map(({ kid, algorithm }) => [kid, algorithm]), jwks.map(({ kid, alg }) => [kid, alg]))
})

t.test('a JWK alone is a set of one, as keygen writes it', async t => {
  const jwk = generateKey('EdDSA')
  t.same(read(`${JSON.stringify(jwk, null, 2)}\n`), [
    { kid: jwk.kid, algorithm: 'EdDSA', privateKey: jwk }
  ])
  const { kid, k } = generateKey('HS384')
  t.same(read({ kty: 'oct', kid, k, alg: 'HS384' }), [
    { kid, algorithm: 'HS384', secret: Buffer.from(k as string, 'base64url') }
  ])
})

t.test('a key without its private half verifies only, one without a kid gets its own', async t => {
  const jwk = { ...pairOf('ES256').publicKey.export({ format: 'jwk' }), alg: 'ES256' }
  const secret = { kty: 'oct', alg: 'HS256', k: 'A'.repeat(43) }
  t.same(read({ keys: [jwk, secret] }), [
    { algorithm: 'ES256', publicKey: jwk },
    { algorithm: 'HS256', secret: Buffer.alloc(32) }
  ])
})

t.test('one key must sign: without it nobody could log in', async t => {
  for (const keys of [
    [],
    [{ ...pairOf('ES256').publicKey.export({ format: 'jwk' }), alg: 'ES256' }]
  ]) {
    t.equal(messageOf(() => read({ keys })),
      `JWT_KEYS: ${path} has no signing key. Add a secret or a private key.`)
  }
})

t.test('a file that is none, or no JSON, is named, and nothing of it is repeated', async t => {
  t.match(
    messageOf(() => readKeys(join(folder, 'no-such-file'))),
    /^JWT_KEYS: .*no-such-file cannot be read: ENOENT/
  )
  t.match(messageOf(() => readKeys(folder)), /^JWT_KEYS: .* cannot be read: EISDIR/)
  const text = JSON.stringify(jwkOf('ES256'))
  for (const damaged of [
    text.slice(0, -1),
    `${text}}`,
    text.replaceAll('"', "'"),
    pairOf('ES256').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    ''
  ]) {
    const said = messageOf(() => read(damaged))
    t.equal(said, `JWT_KEYS: ${path} cannot be read: it is not JSON`)
    t.equal(leakOf(said.replace(path, ''), damaged), undefined)
  }
})

t.test('an entry that is no JWK is named by its place', async t => {
  const jwk = jwkOf('ES256')
  const { alg, ...unnamed } = jwk
  const bad: [unknown, string][] = [
    [null, 'key 1 of PATH is not a JWK'],
    ['"x"', 'key 1 of PATH is not a JWK'],
    [5, 'key 1 of PATH is not a JWK'],
    [[jwk], 'key 1 of PATH is not a JWK'],
    [{}, 'key 1 of PATH is not a JWK'],
    [{ keys: jwk }, 'key 1 of PATH is not a JWK'],
    [{ keys: [jwk, null] }, 'key 2 of PATH is not a JWK'],
    [{ keys: [jwk, 'x'] }, 'key 2 of PATH is not a JWK'],
    [{ keys: [jwk, { ...jwk, kty: 5 }] }, 'key 2 of PATH is not a JWK'],
    [unnamed, 'key 1 of PATH has no "alg"'],
    [{ keys: [jwk, { ...jwk, alg: null }] }, 'key 2 of PATH has no "alg"']
  ]
  for (const [content, expected] of bad) {
    t.equal(
      messageOf(() => read(content)),
      `JWT_KEYS: ${expected.replace('PATH', path)}`,
      JSON.stringify(content)
    )
  }
})

t.test('what is wrong with a key itself is for the plugin to say', async t => {
  const jwk = jwkOf('ES256')
  const bad: [string, unknown, RegExp][] = [
    ['an algorithm that is none', { ...jwk, alg: 'ES256K' }, /option "keys\[0\]\.algorithm"/],
    ['a kid that is a number', { ...jwk, kid: 5 }, /option "keys\[0\]\.kid"/],
    [
      'a secret too short',
      { kty: 'oct', alg: 'HS256', k: 'AAAA' },
      /option "keys\[0\]\.secret" must have at least 32 bytes/
    ],
    ['a secret without k', { kty: 'oct', alg: 'HS256' }, /option "keys\[0\]\.secret"/],
    [
      'use enc', { ...jwk, use: 'enc' },
      /option "keys\[0\]\.privateKey" must have "use" "sig"/
    ],
    ['another kty', { ...jwk, kty: 'RSA' }, /option "keys\[0\]\.privateKey"/],
    [
      'a secret for RS256',
      { kty: 'oct', alg: 'RS256', k: 'A'.repeat(64) },
      /option "keys\[0\]\.secret" is not known/
    ]
  ]
  for (const [what, content, rule] of bad) {
    t.match(messageOf(() => resolveKeys({ keys: read(content) }, refuse)), rule, what)
  }
})
