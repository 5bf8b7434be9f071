import { type KeyObject, createSecretKey, generateKeyPairSync } from 'node:crypto'
import t from 'tap'
import type { Algorithm } from '../../plugin/keys/algorithms.ts'
import { readPrivateKey, readPublicKey } from '../../plugin/keys/parse-key.ts'
import { refuse } from '../../plugin/option-checks.ts'
import { EVERY, isPair, pairOf } from '../fixtures/tokens/keys.ts'
import { leakOf, messageOf } from '../fixtures/refused.ts'
import { A3_CERTIFICATE, A3_KEY } from '../fixtures/tokens/rfc7515.ts'

type Form = [what: string, given: unknown, passphrase?: string | undefined]

const readPrivate = (given: unknown, algorithm: Algorithm, passphrase?: string) =>
  readPrivateKey(given, passphrase, { name: 'keys[1].privateKey', algorithm, refuse })
const readPublic = (given: unknown, algorithm: Algorithm) =>
  readPublicKey(given, { name: 'keys[1].publicKey', algorithm, refuse })
const CIPHER = { cipher: 'aes-256-cbc', passphrase: 'correct horse' }

function privateForms (key: KeyObject): Form[] {
  const type = key.asymmetricKeyType === 'rsa' ? 'pkcs1' : 'sec1'
  return [
    ['KeyObject', key],
    ['JWK', key.export({ format: 'jwk' })],
    ['PKCS#8', key.export({ type: 'pkcs8', format: 'pem' })],
    [
      'PKCS#8, encrypted',
      key.export({ type: 'pkcs8', format: 'pem', ...CIPHER }),
      CIPHER.passphrase
    ],
    ...(key.asymmetricKeyType === 'ed25519'
      ? []
      : ([
          [type, key.export({ type, format: 'pem' } as { type: 'pkcs1', format: 'pem' })],
          [
            `${type}, encrypted`,
            key.export({ type, format: 'pem', ...CIPHER } as { type: 'pkcs1', format: 'pem' }),
            CIPHER.passphrase
          ]
        ] as Form[]))
  ]
}

const publicForms = (key: KeyObject): Form[] => [
  ['KeyObject', key],
  ['JWK', key.export({ format: 'jwk' })],
  ['SPKI', key.export({ type: 'spki', format: 'pem' })],
  ...(key.asymmetricKeyType === 'rsa'
    ? ([['PKCS#1', key.export({ type: 'pkcs1', format: 'pem' })]] as Form[])
    : [])
]

/** Text comes from files in many ways. */
const spellings = ([what, given, passphrase]: Form): Form[] =>
  typeof given !== 'string'
    ? [[what, given, passphrase]]
    : [
        [what, given, passphrase],
        [`${what} in a Buffer`, Buffer.from(given), passphrase],
        [`${what} with CRLF`, given.replaceAll('\n', '\r\n'), passphrase],
        [`${what} after a comment`, `# a key\n\n${given}`, passphrase],
        [`${what} trimmed`, given.trim(), passphrase]
      ]

t.test('a private key is read in all its usual forms', async t => {
  for (const algorithm of EVERY.filter(isPair)) {
    const { privateKey } = pairOf(algorithm)
    for (const [what, given, passphrase] of privateForms(privateKey).flatMap(spellings)) {
      t.ok(readPrivate(given, algorithm, passphrase).equals(privateKey), `${algorithm}: ${what}`)
    }
  }
  const parameters =
    '-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n'
  t.ok(
    readPrivate(
      parameters + pairOf('ES256').privateKey.export({ type: 'sec1', format: 'pem' }), 'ES256'
    ).equals(pairOf('ES256').privateKey),
    'as `openssl ecparam -genkey` writes it'
  )
})

t.test('a public key is read in all its usual forms', async t => {
  for (const algorithm of EVERY.filter(isPair)) {
    const { publicKey } = pairOf(algorithm)
    for (const [what, given] of publicForms(publicKey).flatMap(spellings)) {
      t.ok(readPublic(given, algorithm).equals(publicKey), `${algorithm}: ${what}`)
    }
  }
  for (const [what, given] of spellings(['a certificate', A3_CERTIFICATE])) {
    t.match(
      readPublic(given, 'ES256').export({ format: 'jwk' }), { x: A3_KEY.x, y: A3_KEY.y }, what
    )
  }
})

t.test('JWK: accepts matching alg, use and key_ops, and ignores other metadata', async t => {
  for (const algorithm of EVERY.filter(isPair)) {
    const { privateKey, publicKey } = pairOf(algorithm)
    const common = { kid: 'k', alg: algorithm, use: 'sig', x5t: 'AA', iat: 1 }
    t.ok(
      readPrivate(
        { ...privateKey.export({ format: 'jwk' }), ...common, key_ops: ['sign'] }, algorithm
      ).equals(privateKey),
      algorithm
    )
    t.ok(
      readPublic(
        { ...publicKey.export({ format: 'jwk' }), ...common, key_ops: ['verify'] }, algorithm
      ).equals(publicKey),
      algorithm
    )
  }
})

t.test('parse key: refuses a private key as public and a public key as private', async t => {
  for (const algorithm of EVERY.filter(isPair)) {
    const { privateKey, publicKey } = pairOf(algorithm)
    for (const [what, given] of privateForms(privateKey).flatMap(spellings)) {
      const said = messageOf(() => readPublic(given, algorithm))
      t.equal(
        said,
        'fastify-simplejwt: option "keys[1].publicKey" is a private key; expected a public key.',
        `${algorithm}: ${what}`
      )
    }
    for (const [what, given] of publicForms(publicKey).flatMap(spellings)) {
      t.equal(
        messageOf(() => readPrivate(given, algorithm)),
        'fastify-simplejwt: option "keys[1].privateKey" is a public key; expected a private key.',
        `${algorithm}: ${what}`
      )
    }
  }
  t.match(messageOf(() => readPrivate(A3_CERTIFICATE, 'ES256')), /is a public key/)
  t.match(
    messageOf(() =>
      readPublic(
        A3_CERTIFICATE + pairOf('ES256').privateKey.export({ type: 'pkcs8', format: 'pem' }),
        'ES256'
      )
    ),
    /is a private key/,
    'a file with both'
  )
  for (const read of [readPrivate, readPublic]) {
    t.match(
      messageOf(() => read(createSecretKey(Buffer.alloc(32)), 'RS256')),
      /is a secret key; expected a (private|public) key/
    )
  }
})

const [rsa, ec, ed] = [pairOf('RS256'), pairOf('ES256'), pairOf('EdDSA')]
const [rsaJwk, ecJwk, edJwk] = [rsa, ec, ed].map(({ publicKey }) =>
  publicKey.export({ format: 'jwk' })
) as [Record<string, string>, Record<string, string>, Record<string, string>]
const other = (type: string, options: object = {}): KeyObject =>
  generateKeyPairSync(type as 'rsa', options as { modulusLength: number }).publicKey
const NO_KEY = 'must be a key: PEM text, a JWK or a KeyObject.'
const UNREADABLE = 'cannot be read as a public key.'

t.test('readPublicKey: names the rule that an invalid, weak or misused key breaks', async t => {
  const utf16 = Buffer.from(
    rsa.publicKey.export({ type: 'spki', format: 'pem' }).toString(), 'utf16le'
  )
  const cases: [string, unknown, Algorithm, string][] = [
    ...[
      undefined,
      null,
      5,
      true,
      '',
      'x',
      () => rsa.publicKey,
      rsa.publicKey.export({ type: 'spki', format: 'der' }),
      rsa.publicKey.export({ type: 'spki', format: 'der' }).toString('base64'),
      utf16,
      JSON.stringify(rsaJwk)
    ].map(given => ['no key', given, 'RS256', NO_KEY] as [string, unknown, Algorithm, string]),
    ['an object that is no JWK', {}, 'RS256', 'has "kty" undefined; RS256 requires "RSA".'],
    ['RSA for ES256', rsa.publicKey, 'ES256', 'has the type rsa; ES256 requires ec.'],
    ['RSA for EdDSA', rsa.publicKey, 'EdDSA', 'has the type rsa; EdDSA requires ed25519.'],
    ['EC for RS256', ec.publicKey, 'RS256', 'has the type ec; RS256 requires rsa.'],
    ['EC for PS512', ec.publicKey, 'PS512', 'has the type ec; PS512 requires rsa.'],
    ['Ed25519 for ES256', ed.publicKey, 'ES256', 'has the type ed25519; ES256 requires ec.'],
    ['JWK of EC for RS256', ecJwk, 'RS256', 'has "kty" "EC"; RS256 requires "RSA".'],
    [
      'a secret as a JWK',
      { kty: 'oct', k: 'AAAA' },
      'RS256',
      'has "kty" "oct"; RS256 requires "RSA".'
    ],
    [
      'P-256 for ES384', ec.publicKey, 'ES384',
      'has the curve prime256v1; ES384 requires P-384 (secp384r1).'
    ],
    [
      'P-384 for ES256', pairOf('ES384').publicKey, 'ES256',
      'has the curve secp384r1; ES256 requires P-256 (prime256v1).'
    ],
    [
      'P-521 for ES256',
      pairOf('ES512').publicKey.export({ format: 'jwk' }),
      'ES256',
      'has the curve secp521r1; ES256 requires P-256 (prime256v1).'
    ],
    [
      'secp256k1',
      other('ec', { namedCurve: 'secp256k1' }),
      'ES256',
      'has the curve secp256k1; ES256 requires P-256 (prime256v1).'
    ],
    ['Ed448', other('ed448'), 'EdDSA', 'has the type ed448; EdDSA requires ed25519.'],
    [
      'X25519',
      other('x25519').export({ format: 'jwk' }),
      'EdDSA',
      'has the type x25519; EdDSA requires ed25519.'
    ],
    [
      'RSA-PSS',
      other('rsa-pss', { modulusLength: 2048 }),
      'PS256',
      'has the type rsa-pss; PS256 requires rsa.'
    ],
    [
      '1024 bits',
      other('rsa', { modulusLength: 1024 }),
      'RS256',
      'must have at least 2048 bits (RFC 7518 section 3.3); it has 1024.'
    ],
    [
      '2040 bits',
      other('rsa', { modulusLength: 2040 }),
      'PS256',
      'must have at least 2048 bits (RFC 7518 section 3.3); it has 2040.'
    ],
    ...[
      ['AQ', 1],
      ['Ag', 2],
      ['AQAA', 65536],
      ['AA', 0],
      ['', 0]
    ].map(
      ([e, value]) =>
        [
          `exponent ${e}`,
          { ...rsaJwk, e },
          'RS256',
          `has the bad public exponent ${value}. Use 65537.`
        ] as [string, unknown, Algorithm, string]
    ),
    ['a point off the curve', { ...ecJwk, y: ecJwk.x }, 'ES256', UNREADABLE],
    [
      'the point at infinity',
      { ...ecJwk, x: 'A'.repeat(43), y: 'A'.repeat(43) },
      'ES256',
      UNREADABLE
    ],
    ['a curve that nobody knows', { ...ecJwk, crv: 'P-257' }, 'ES256', UNREADABLE],
    ['no y', { kty: 'EC', crv: 'P-256', x: ecJwk.x }, 'ES256', UNREADABLE],
    ['no n', { kty: 'RSA', e: 'AQAB' }, 'RS256', UNREADABLE],
    ['n a number', { ...rsaJwk, n: 5 }, 'RS256', UNREADABLE],
    ['x too short', { ...edJwk, x: 'AAAA' }, 'EdDSA', UNREADABLE],
    [
      'damaged PEM',
      rsa.publicKey.export({ type: 'spki', format: 'pem' }).toString().replace(/M/, 'N'),
      'RS256',
      UNREADABLE
    ],
    [
      'PEM cut short',
      rsa.publicKey.export({ type: 'spki', format: 'pem' }).toString().slice(0, 200),
      'RS256',
      UNREADABLE
    ],
    [
      'a certificate request',
      A3_CERTIFICATE.replaceAll('CERTIFICATE', 'CERTIFICATE REQUEST'),
      'ES256',
      UNREADABLE
    ],
    [
      'use enc',
      { ...rsaJwk, use: 'enc' },
      'RS256',
      'must have "use" "sig", or no "use".'
    ],
    [
      'another alg',
      { ...rsaJwk, alg: 'PS256' },
      'RS256',
      'must have "alg" "RS256", or no "alg".'
    ],
    [
      'no verify in key_ops',
      { ...rsaJwk, key_ops: ['sign'] },
      'RS256',
      'must have "verify" in its "key_ops", or no "key_ops".'
    ]
  ]
  for (const [what, given, algorithm, rule] of cases) {
    const said = messageOf(() => readPublic(given, algorithm))
    t.equal(said, `fastify-simplejwt: option "keys[1].publicKey" ${rule}`, what)
    t.equal(leakOf(said, given), undefined, what)
  }
})

t.test('a private key is held to the same rules', async t => {
  const { privateKey: weak } = generateKeyPairSync('rsa', { modulusLength: 1024 })
  const ecPrivate = ec.privateKey.export({ format: 'jwk' })
  const edPrivate = ed.privateKey.export({ format: 'jwk' })
  const pem = rsa.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
  const cases: [string, unknown, Algorithm, RegExp][] = [
    [
      'no key',
      rsa.privateKey.export({ type: 'pkcs8', format: 'der' }),
      'RS256',
      /must be a key: PEM text, a JWK or a KeyObject\.$/
    ],
    ['another type', ec.privateKey, 'RS256', /has the type ec; RS256 requires rsa\.$/],
    ['another curve', ec.privateKey, 'ES512', /has the curve prime256v1/],
    ['1024 bits', weak, 'RS256', /2048 bits .*it has 1024\.$/],
    ['1024 bits in PEM', weak.export({ type: 'pkcs8', format: 'pem' }), 'RS256', /2048 bits/],
    ['key_ops', { ...ecPrivate, key_ops: ['verify'] }, 'ES256', /must have "sign" in its "key_ops"/],
    ['use enc', { ...ecPrivate, use: 'enc' }, 'ES256', /must have "use" "sig"/],
    [
      'd cut short',
      { ...edPrivate, d: edPrivate.d?.slice(4) },
      'EdDSA',
      /cannot be read as a private key\.$/
    ],
    [
      'no prime',
      { ...rsa.privateKey.export({ format: 'jwk' }), p: undefined },
      'RS256',
      /cannot be read as a private key\.$/
    ],
    ['d null', { ...ecPrivate, d: null }, 'ES256', /cannot be read as a private key\.$/],
    ['damaged PEM', pem.replace('M', 'N'), 'RS256', /cannot be read as a private key\.$/],
    ['PEM cut short', pem.slice(0, 300), 'RS256', /cannot be read as a private key\.$/],
    [
      'a key of OpenSSH',
      '-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEAAAAABG5vbmU=\n-----END OPENSSH ' +
        'PRIVATE KEY-----',
      'EdDSA',
      /cannot be read as a private key\.$/
    ]
  ]
  for (const [what, given, algorithm, rule] of cases) {
    const said = messageOf(() => readPrivate(given, algorithm))
    t.ok(said.startsWith('fastify-simplejwt: option "keys[1].privateKey" '), what)
    t.match(said, rule, what)
    t.equal(leakOf(said, given), undefined, what)
  }
})

t.test('an encrypted key needs its passphrase', async t => {
  for (const [algorithm, { privateKey }] of [
    ['RS256', rsa],
    ['ES256', ec],
    ['EdDSA', ed]
  ] as const) {
    for (const [what, given] of privateForms(privateKey)
      .filter(([, , passphrase]) => passphrase !== undefined)
      .flatMap(spellings)) {
      t.equal(
        messageOf(() => readPrivate(given, algorithm)),
        'fastify-simplejwt: option "keys[1].privateKey" is encrypted. Set its "passphrase".',
        `${algorithm}: ${what}, without`
      )
      for (const passphrase of ['', 'wrong pony', 'correct horse ']) {
        const said = messageOf(() => readPrivate(given, algorithm, passphrase))
        t.equal(
          said,
          'fastify-simplejwt: option "keys[1].privateKey" cannot be read: the "passphrase" is ' +
            'wrong, or the key is damaged.',
          `${algorithm}: ${what}, "${passphrase}"`
        )
        t.equal(leakOf(said, { given, passphrase }), undefined)
      }
    }
  }
})
