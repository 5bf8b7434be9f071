import { type KeyObject, generateKeyPairSync, randomBytes } from 'node:crypto'
import fc from 'fast-check'
import t from 'tap'
import type { Algorithm } from '../../plugin/keys/algorithms.ts'
import { refuse } from '../../plugin/option-checks.ts'
import { checkSecret } from '../../plugin/keys/parse-secret.ts'
import { createPair, pairOf } from '../fixtures/tokens/keys.ts'
import { leakOf, messageOf } from '../fixtures/refused.ts'
import { A1_KEY, A3_CERTIFICATE } from '../fixtures/tokens/rfc7515.ts'

const check = (secret: unknown, algorithm: Algorithm = 'HS256') =>
  checkSecret('secret', secret, algorithm, refuse)
const IS_A_KEY =
  'fastify-simplejwt: option "secret" looks like a key in PEM, JWK, SSH or DER form. ' +
  'Use random bytes instead.'

t.test('a secret is the bytes of a Buffer, or a string in UTF-8', async t => {
  t.same(check('a'.repeat(32)), Buffer.alloc(32, 'a'))
  t.same(check(A1_KEY), A1_KEY)
  t.equal(check('é'.repeat(16)).length, 32)
})

t.test('a secret is copied, so that the host may wipe its own', async t => {
  const secret = Buffer.alloc(32, 'a')
  const copy = check(secret)
  secret.fill(0)
  t.same(copy, Buffer.alloc(32, 'a'))
})

t.test('a secret has at least as many bytes as its hash (RFC 7518 section 3.2)', async t => {
  for (const [algorithm, least] of [['HS256', 32], ['HS384', 48], ['HS512', 64]] as const) {
    for (const length of [0, 1, least - 1]) {
      for (const secret of [randomBytes(length), 'a'.repeat(length)]) {
        t.equal(
          messageOf(() => check(secret, algorithm)),
          `fastify-simplejwt: option "secret" must have at least ${least} bytes for ${algorithm} ` +
            `(RFC 7518 section 3.2); it has ${length}.`
        )
      }
    }
    t.equal(check(randomBytes(least), algorithm).length, least)
    for (const none of [
      undefined, null, 1e40, true, {}, [], new Uint8Array(64), new ArrayBuffer(64), () => 'x'
    ]) {
      t.equal(
        messageOf(() => check(none, algorithm)),
        'fastify-simplejwt: option "secret" is required: a string or a Buffer of at least ' +
          `${least} bytes.`,
        String(none)
      )
    }
  }
  t.notMatch(messageOf(() => check('hunter2')), /hunter2/)
})

const pem = (key: KeyObject): string => key.export({ type: 'spki', format: 'pem' }).toString()
const bodyOf = (text: string): string => text.replace(/-----[^-]+-----\s*/g, '')
const utf16 = (text: string): Buffer => Buffer.from(text, 'utf16le')

/**
 * What hosts have made of a public key on its way through files, environments and secret managers.
 */
function wrappings (publicKey: KeyObject): [string, string | Buffer][] {
  const [text, der, jwk] = [
    pem(publicKey),
    publicKey.export({ type: 'spki', format: 'der' }),
    publicKey.export({ format: 'jwk' })
  ]
  const json = JSON.stringify(jwk)
  const base64 = der.toString('base64')
  return [
    ['PEM', text],
    ['PEM in a Buffer', Buffer.from(text)],
    ['PEM with CRLF', text.replaceAll('\n', '\r\n')],
    ['PEM trimmed', text.trim()],
    ['PEM after a space', ` ${text}`],
    ['PEM after a BOM', `\ufeff${text}`],
    ['PEM after a comment', `# the key of 2026\n${text}`],
    ['PEM with escaped \\n', text.replaceAll('\n', '\\n')],
    ['PEM on one line', text.replaceAll('\n', ' ')],
    ['PEM in quotes', JSON.stringify(text)],
    ['PEM in a URL', encodeURIComponent(text)],
    ['PEM in UTF-16', utf16(text)],
    ['PEM in UTF-16 BE', utf16(text).swap16()],
    ['PEM in base64', Buffer.from(text).toString('base64')],
    ['PEM in base64url', Buffer.from(text).toString('base64url')],
    ['PEM in hex', Buffer.from(text).toString('hex')],
    ['DER', der],
    ['DER after other bytes', Buffer.concat([randomBytes(7), der])],
    ['DER before other bytes', Buffer.concat([der, randomBytes(7)])],
    ['DER in base64', base64],
    ['DER in base64, unpadded', base64.replaceAll('=', '')],
    ['DER in base64url', der.toString('base64url')],
    ['DER in base64 with line breaks', bodyOf(text)],
    ['DER in base64 with CRLF', bodyOf(text).replaceAll('\n', '\r\n')],
    ['DER in base64 with escaped \\n', bodyOf(text).replaceAll('\n', '\\n')],
    ['DER in base64 in UTF-16', utf16(base64)],
    ['DER in base64 twice', Buffer.from(base64).toString('base64')],
    ...['k', 'ab', 'key', 'key:', 'data:;base64,'].map(
      prefix => [`DER in base64 after ${prefix}`, prefix + base64] as [string, string]
    ),
    ['DER in hex', der.toString('hex')],
    ['DER in upper-case hex', der.toString('hex').toUpperCase()],
    ['DER in hex after an odd letter', `base${der.toString('hex')}`],
    ['DER in hex after 0x', `0x${der.toString('hex')}`],
    ['DER in hex twice', Buffer.from(der.toString('hex')).toString('hex')],
    ['JWK', json],
    ['JWK in a Buffer', Buffer.from(json)],
    ['JWK, pretty', JSON.stringify(jwk, null, 2)],
    ['JWK set', JSON.stringify({ keys: [jwk] })],
    ['JWK set, pretty', JSON.stringify({ keys: [jwk] }, null, 2)],
    ['JWK in a JSON string', JSON.stringify(json)],
    ['JWK in a JSON string in one', JSON.stringify(JSON.stringify(json))],
    ['JWK in single quotes', json.replaceAll('"', "'")],
    ['JWK in a URL', encodeURIComponent(json)],
    ['JWK in UTF-16', utf16(json)],
    ['JWK in base64', Buffer.from(json).toString('base64')],
    ['JWK in hex', Buffer.from(json).toString('hex')]
  ]
}

const pairs = {
  RSA: pairOf('RS256'),
  'P-256': pairOf('ES256'),
  'P-384': pairOf('ES384'),
  'P-521': pairOf('ES512'),
  Ed25519: pairOf('EdDSA')
}

t.test('checkSecret: refuses a public key in any wrapping', async t => {
  for (const [type, { publicKey }] of Object.entries(pairs)) {
    for (const [wrapping, secret] of wrappings(publicKey)) {
      const said = messageOf(() => check(secret))
      t.equal(said, IS_A_KEY, `${type}: ${wrapping}`)
      t.equal(leakOf(said, secret), undefined, `${type}: ${wrapping}`)
    }
  }
  for (const [type, { publicKey }] of Object.entries(pairs)) {
    for (const algorithm of ['HS384', 'HS512'] as const) {
      t.equal(messageOf(() => check(pem(publicKey), algorithm)), IS_A_KEY, `${type}, ${algorithm}`)
    }
  }
})

t.test('checkSecret: refuses a key of an unsupported type', async t => {
  const others = [
    generateKeyPairSync('ec', { namedCurve: 'secp256k1' }),
    generateKeyPairSync('ed448'),
    generateKeyPairSync('x25519'),
    generateKeyPairSync('rsa-pss', { modulusLength: 2048 }),
    generateKeyPairSync('rsa', { modulusLength: 1024 })
  ]
  for (const { publicKey } of others) {
    const der = publicKey.export({ type: 'spki', format: 'der' })
    for (const secret of [pem(publicKey), der, der.toString('base64'), der.toString('hex')]) {
      t.equal(messageOf(() => check(secret)), IS_A_KEY, `${publicKey.asymmetricKeyType}`)
    }
  }
})

t.test('checkSecret: refuses PKCS#1, a certificate, an SSH key and a private key', async t => {
  const { publicKey, privateKey } = pairs.RSA
  const certificate = Buffer.from(bodyOf(A3_CERTIFICATE), 'base64')
  const blob = (...parts: (string | Buffer)[]) =>
    Buffer.concat(
      parts.flatMap(part => [Buffer.from([0, 0, 0, part.length]), Buffer.from(part)])
    ).toString('base64')
  const keys: [string, string | Buffer][] = [
    ['PKCS#1', publicKey.export({ type: 'pkcs1', format: 'pem' })],
    ['PKCS#1 in DER', publicKey.export({ type: 'pkcs1', format: 'der' })],
    [
      'PKCS#1 in DER in base64',
      publicKey.export({ type: 'pkcs1', format: 'der' }).toString('base64')
    ],
    ['a certificate', A3_CERTIFICATE],
    ['a certificate with CRLF', A3_CERTIFICATE.replaceAll('\n', '\r\n')],
    ['a certificate in DER', certificate],
    ['a certificate in base64', certificate.toString('base64')],
    ['a certificate in hex', certificate.toString('hex')],
    ['ssh-rsa', `ssh-rsa ${blob('ssh-rsa', Buffer.from([1, 0, 1]), randomBytes(200))} me@here`],
    ['ssh-ed25519', `ssh-ed25519 ${blob('ssh-ed25519', randomBytes(32))}`],
    [
      'ecdsa of SSH',
      `ecdsa-sha2-nistp256 ${blob('ecdsa-sha2-nistp256', 'nistp256', randomBytes(65))}`
    ],
    [
      'a security key of SSH',
      `sk-ssh-ed25519@openssh.com ${blob('sk-ssh-ed25519@openssh.com', randomBytes(32), 'ssh:')}`
    ],
    ['ssh-rsa after options', `no-pty,command="true" ssh-rsa ${blob('ssh-rsa', randomBytes(200))}`],
    [
      'ssh-rsa in base64',
      Buffer.from(`ssh-rsa ${blob('ssh-rsa', randomBytes(200))}`).toString('base64')
    ],
    [
      'a private key of OpenSSH',
      '-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEAAAAABG5vbmU=\n-----END OPENSSH ' +
        'PRIVATE KEY-----'
    ],
    ['PGP', '-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nmDMEZ\n'],
    ['PKCS#8', privateKey.export({ type: 'pkcs8', format: 'pem' })],
    [
      'PKCS#8, encrypted',
      privateKey.export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'x' })
    ],
    ['PKCS#8 in DER', privateKey.export({ type: 'pkcs8', format: 'der' })],
    [
      'PKCS#8 in DER in base64',
      privateKey.export({ type: 'pkcs8', format: 'der' }).toString('base64')
    ],
    ['PKCS#1, private', privateKey.export({ type: 'pkcs1', format: 'der' })],
    ['SEC1', pairs['P-256'].privateKey.export({ type: 'sec1', format: 'pem' })],
    ['SEC1 in DER', pairs['P-256'].privateKey.export({ type: 'sec1', format: 'der' })],
    ['a private JWK', JSON.stringify(privateKey.export({ format: 'jwk' }))],
    ['a secret as a JWK', JSON.stringify({ kty: 'oct', k: randomBytes(64).toString('base64url') })]
  ]
  for (const [what, secret] of keys) {
    const said = messageOf(() => check(secret))
    t.equal(said, IS_A_KEY, what)
    t.equal(leakOf(said, secret), undefined, what)
  }
})

t.test('checkSecret: accepts random bytes in any encoding', async () => {
  fc.assert(fc.property(fc.integer({ min: 32, max: 64 }), length => {
    const bytes = randomBytes(length)
    for (const secret of [
      bytes, bytes.toString('hex'), bytes.toString('base64'), bytes.toString('base64url')
    ]) {
      check(secret)
    }
  }), { numRuns: 2000 })
})

t.test('checkSecret: accepts text and bytes that only resemble a key', async t => {
  const [text, der] = [
    pem(createPair('ES256').publicKey),
    pairs['P-256'].publicKey.export({ type: 'spki', format: 'der' })
  ]
  const good: (string | Buffer)[] = [
    '-'.repeat(64),
    '='.repeat(64),
    '0'.repeat(64),
    '30'.repeat(32),
    'my kty is my castle, and n and e too',
    'ssh-rsa is not what this is about!',
    'MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA0123456789abcdef',
    '{"kid":"a","alg":"HS256","secret":"no"}',
    Buffer.alloc(64),
    Buffer.alloc(64, 0x30),
    Buffer.alloc(64, 0xff),
    Buffer.concat([Buffer.from([0x30, 0x82, 0xff, 0xff]), randomBytes(60)]),
    Buffer.concat([Buffer.from([0x30, 0x80]), randomBytes(60)]),
    Buffer.concat([randomBytes(62), Buffer.from([0x30, 0x82])]),
    der.subarray(0, -1),
    Buffer.concat([der.subarray(0, 20), randomBytes(71)]),
    bodyOf(text).slice(0, 60)
  ]
  for (const secret of good) t.same(check(secret), Buffer.from(secret), `${secret}`)
})
