import t from 'tap'
import { thumbprint } from '../../plugin/keys/jwk.ts'
import { type PairKey, canSign, isSecret, resolveKeys } from '../../plugin/keys/key-options.ts'
import { refuse } from '../../plugin/option-checks.ts'
import {
  EVERY, createPair, inputOf, isPair, pairOf, publicInputOf, resolved
} from '../fixtures/tokens/keys.ts'
import { leakOf, messageOf } from '../fixtures/refused.ts'
import { A1_KEY, A3_CERTIFICATE, A3_KEY } from '../fixtures/tokens/rfc7515.ts'

const good = { algorithm: 'HS256', secret: 'a'.repeat(32) }
const [rsa, ec, ed] = [pairOf('RS256'), pairOf('ES256'), pairOf('EdDSA')]
const jwkOf = ({ privateKey }: typeof rsa) => privateKey.export({ format: 'jwk' })
const publicJwkOf = ({ publicKey }: typeof rsa) => publicKey.export({ format: 'jwk' })

t.test('a secret is short for one HS256 key without a kid', async t => {
  t.same(resolveKeys({ secret: 'a'.repeat(32) }, refuse), [
    { kid: undefined, algorithm: 'HS256', secret: Buffer.from('a'.repeat(32)) }
  ])
  t.same(resolveKeys({ secret: A1_KEY }, refuse), [
    { kid: undefined, algorithm: 'HS256', secret: A1_KEY }
  ])
})

t.test('keys of every algorithm are taken, and say whether they sign', async t => {
  const keys = resolved(...EVERY.map(algorithm => inputOf(algorithm)))
  t.same(keys.map(({ algorithm }) => algorithm), EVERY)
  t.ok(keys.every(canSign))
  t.same(keys.map(isSecret), EVERY.map(algorithm => !isPair(algorithm)))
  const verifying = resolved(...EVERY.filter(isPair).map(algorithm => publicInputOf(algorithm)))
  t.notOk(verifying.some(canSign))
  for (const { algorithm, publicKey, privateKey } of verifying as PairKey[]) {
    t.same([publicKey.type, privateKey], ['public', undefined], algorithm)
  }
})

t.test('of a private key the public one is derived, and may be given too', async t => {
  for (const algorithm of EVERY.filter(isPair)) {
    const { privateKey, publicKey } = pairOf(algorithm)
    for (const halves of [
      { privateKey },
      { privateKey, publicKey },
      {
        privateKey: privateKey.export({ format: 'jwk' }),
        publicKey: publicKey.export({ type: 'spki', format: 'pem' })
      }
    ]) {
      const [key] = resolved({ algorithm, ...halves }) as [PairKey]
      t.ok(key.publicKey.equals(publicKey), algorithm)
      t.ok(key.privateKey?.equals(privateKey), algorithm)
    }
  }
  t.equal(
    (resolved({ algorithm: 'ES256', privateKey: A3_KEY, publicKey: A3_CERTIFICATE })[0] as PairKey)
      .publicKey.type,
    'public'
  )
})

t.test('an encrypted private key is read with its passphrase', async t => {
  const privateKey = ec.privateKey.export({
    type: 'pkcs8',
    format: 'pem',
    cipher: 'aes-256-cbc',
    passphrase: 'correct horse'
  })
  t.ok(
    (
      resolved({ algorithm: 'ES256', privateKey, passphrase: 'correct horse' })[0] as PairKey
    ).privateKey?.equals(ec.privateKey)
  )
})

t.test('kid: defaults to that of the JWK, then the thumbprint; a secret has none', async t => {
  const own = thumbprint(ec.publicKey)
  const [one, two] = [{ ...jwkOf(ec), kid: 'private' }, { ...publicJwkOf(ec), kid: 'public' }]
  const cases: [string, object, string | undefined][] = [
    ['a KeyObject', { privateKey: ec.privateKey }, own],
    ['a JWK without one', { privateKey: jwkOf(ec) }, own],
    ['PEM', { publicKey: ec.publicKey.export({ type: 'spki', format: 'pem' }) }, own],
    ['a private JWK', { privateKey: one }, 'private'],
    ['a public JWK', { publicKey: two }, 'public'],
    ['both', { privateKey: one, publicKey: two }, 'public'],
    ['given', { kid: 'given', privateKey: one, publicKey: two }, 'given'],
    ['given, of 200 characters', { kid: 'k'.repeat(200), privateKey: one }, 'k'.repeat(200)]
  ]
  for (const [what, given, expected] of cases) {
    t.equal(resolved({ algorithm: 'ES256', ...given })[0]?.kid, expected, what)
  }
  t.equal(resolved({ algorithm: 'HS512', secret: 'x'.repeat(64) })[0]?.kid, undefined)
  t.equal(resolved({ algorithm: 'HS512', secret: 'x'.repeat(64), kid: 'k' })[0]?.kid, 'k')
})

t.test('resolveKeys: refuses a bad entry by name and rule, and leaks no part of it', async t => {
  const bad: [string, { secret?: unknown, keys?: unknown }, string, RegExp][] = [
    ['neither secret nor keys', {}, 'secret', /is required/],
    ['both', { secret: 'a'.repeat(32), keys: [good] }, 'keys', /excludes "secret"/],
    [
      'a public key as secret',
      { secret: rsa.publicKey.export({ type: 'spki', format: 'pem' }) },
      'secret',
      /looks like a key in PEM/
    ],
    ['keys that are no array', { keys: good }, 'keys', /array/],
    ['keys null', { keys: null }, 'keys', /array/],
    ['no keys', { keys: [] }, 'keys', /at least one/],
    ['a key null', { keys: [null] }, 'keys[0]', /object/],
    ['a key that is a string', { keys: ['a'.repeat(32)] }, 'keys[0]', /object/],
    ['a hole among the keys', { keys: new Array(1) }, 'keys[0]', /object/],
    [
      'an unknown member',
      { keys: [good, { ...good, use: 'enc' }] },
      'keys[1].use',
      /not known for HS256/
    ],
    [
      'a privateKey beside a secret',
      { keys: [{ ...good, privateKey: rsa.privateKey }] },
      'keys[0].privateKey',
      /not known for HS256/
    ],
    [
      'a publish that is not a flag',
      { keys: [{ ...inputOf('ES256'), publish: 'no' }] },
      'keys[0].publish',
      /must be true or false/
    ],
    [
      'a secret for RS256',
      { keys: [{ ...good, algorithm: 'RS256' }] },
      'keys[0].secret',
      /not known for RS256/
    ],
    [
      'private_key',
      { keys: [{ algorithm: 'RS256', private_key: rsa.privateKey }] },
      'keys[0].private_key',
      /not known for RS256/
    ],
    [
      'a JWK as the entry', { keys: [jwkOf(rsa)] }, 'keys[0].algorithm',
      /must be one of: HS256, .*, EdDSA\.$/
    ],
    ['no algorithm', { keys: [{ secret: good.secret }] }, 'keys[0].algorithm', /HS256/],
    ...[
      'none',
      'hs256',
      'HS256 ',
      'ES256K',
      'Ed25519',
      'RSA-OAEP',
      'constructor',
      '__proto__',
      null,
      256,
      ['HS256']
    ].map(
      algorithm =>
        [
          `alg ${algorithm}`,
          { keys: [{ ...good, algorithm }] },
          'keys[0].algorithm',
          /must be one of: HS256/
        ] as [string, object, string, RegExp]
    ),
    ...['', 1, null, {}, ['k'], 'k'.repeat(201)].map(
      kid =>
        [
          `kid ${JSON.stringify(kid)}`,
          { keys: [good, { ...inputOf('ES256'), kid }] },
          'keys[1].kid',
          /must be a string of 1 to 200 characters/
        ] as [string, object, string, RegExp]
    ),
    ['a key without a secret', { keys: [{ algorithm: 'HS256' }] }, 'keys[0].secret', /is required/],
    [
      'a secret too short',
      { keys: [good, { ...good, secret: 'short' }] },
      'keys[1].secret',
      /32 bytes for HS256/
    ],
    [
      'too short for its hash',
      { keys: [{ ...good, algorithm: 'HS512' }] },
      'keys[0].secret',
      /64 bytes for HS512.*has 32/
    ],
    [
      'a public key as secret of an entry',
      { keys: [{ algorithm: 'HS256', secret: JSON.stringify(publicJwkOf(rsa)) }] },
      'keys[0].secret',
      /looks like a key in PEM/
    ],
    [
      'no key at all',
      { keys: [{ algorithm: 'RS256' }] },
      'keys[0]',
      /must have a "privateKey", or a "publicKey" to verify only/
    ],
    [
      'a privateKey null',
      { keys: [{ algorithm: 'RS256', privateKey: null }] },
      'keys[0].privateKey',
      /must be a key/
    ],
    [
      'a public key as privateKey',
      { keys: [{ algorithm: 'RS256', privateKey: rsa.publicKey }] },
      'keys[0].privateKey',
      /is a public key/
    ],
    [
      'a private key as publicKey',
      { keys: [good, { algorithm: 'RS256', publicKey: rsa.privateKey }] },
      'keys[1].publicKey',
      /is a private key/
    ],
    [
      'a passphrase that is a Buffer',
      { keys: [{ ...inputOf('RS256'), passphrase: Buffer.from('correct horse') }] },
      'keys[0].passphrase',
      /must be a string/
    ],
    [
      'key_ops',
      { keys: [{ algorithm: 'ES256', privateKey: { ...jwkOf(ec), key_ops: ['verify'] } }] },
      'keys[0].privateKey',
      /must have "sign" in its "key_ops"/
    ]
  ]
  for (const [what, given, name, rule] of bad) {
    const said = messageOf(() => resolveKeys(given, refuse))
    t.ok(said.startsWith(`fastify-simplejwt: option "${name}" `), `${what}: ${said}`)
    t.match(said, rule, what)
    t.equal(leakOf(said, given), undefined, what)
  }
})

const altered = (text: string): string => `${text[0] === 'A' ? 'B' : 'A'}${text.slice(1)}`

t.test('resolveKeys: refuses mismatched private and public keys and a damaged JWK', async t => {
  const [rsaJwk, ecJwk] = [
    jwkOf(rsa) as Record<string, string>, jwkOf(ec) as Record<string, string>
  ]
  const pairs: [string, object][] = [
    ...EVERY.filter(isPair).map(
      algorithm =>
        [
          algorithm,
          {
            algorithm,
            privateKey: pairOf(algorithm).privateKey,
            publicKey: createPair(algorithm).publicKey
          }
        ] as [string, object]
    ),
    [
      'JWKs',
      { algorithm: 'ES256', privateKey: jwkOf(ec), publicKey: publicJwkOf(createPair('ES256')) }
    ],
    [
      'a certificate of another',
      { algorithm: 'ES256', privateKey: ec.privateKey, publicKey: A3_CERTIFICATE }
    ],
    [
      'd of another EC key',
      { algorithm: 'ES256', privateKey: { ...ecJwk, d: jwkOf(createPair('ES256')).d } }
    ],
    [
      'd of EC altered',
      { algorithm: 'ES256', privateKey: { ...ecJwk, d: altered(ecJwk.d as string) } }
    ],
    [
      'n altered',
      { algorithm: 'RS256', privateKey: { ...rsaJwk, n: rsaJwk.n?.replace(/.{8}$/, 'AAAAAAAB') } }
    ],
    ['e altered', { algorithm: 'RS256', privateKey: { ...rsaJwk, e: 'Aw' } }]
  ]
  for (const [what, key] of pairs) {
    const said = messageOf(() => resolveKeys({ keys: [good, key] }, refuse))
    t.equal(
      said,
      'fastify-simplejwt: option "keys[1]" has a damaged "privateKey", or a "publicKey" that ' +
        'does not match it.',
      what
    )
    t.equal(leakOf(said, key), undefined, what)
  }
})

t.test('of a private Ed25519 JWK the public key is computed, whatever x it has', async t => {
  const [key] = resolved({
    algorithm: 'EdDSA',
    privateKey: { ...jwkOf(ed), x: publicJwkOf(createPair('EdDSA')).x as string }
  }) as [PairKey]
  t.ok(key.publicKey.equals(ed.publicKey))
})

t.test('a kid names one key', async t => {
  const other = createPair('ES256').publicKey
  const repeats: [string, object[]][] = [
    [
      'given',
      [
        { ...good, kid: 'k' },
        { ...good, secret: 'b'.repeat(32) },
        { ...inputOf('ES256'), kid: 'k' }
      ]
    ],
    [
      'by their JWKs',
      [
        { algorithm: 'ES256', publicKey: { ...publicJwkOf(ec), kid: 'k' } },
        good,
        { algorithm: 'EdDSA', publicKey: { ...publicJwkOf(ed), kid: 'k' } }
      ]
    ],
    [
      'given and by a JWK',
      [
        { ...good, kid: 'k' },
        inputOf('RS256'),
        { algorithm: 'ES256', publicKey: { ...publicJwkOf(ec), kid: 'k' } }
      ]
    ],
    [
      'by a thumbprint',
      [
        inputOf('ES256'),
        good,
        { algorithm: 'ES256', publicKey: other, kid: thumbprint(ec.publicKey) }
      ]
    ]
  ]
  for (const [what, keys] of repeats) {
    t.equal(
      messageOf(() => resolveKeys({ keys }, refuse)),
      'fastify-simplejwt: option "keys[2].kid" must be unique.',
      what
    )
  }
})

t.test('resolveKeys: refuses the same key twice, under any kid or algorithm', async t => {
  const repeats: [string, object[]][] = [
    ['a secret twice', [good, good]],
    ['once with a kid', [good, { ...good, kid: 'k' }]],
    [
      'once as a Buffer',
      [{ ...good, kid: 'j' }, { ...good, secret: Buffer.from(good.secret), kid: 'k' }]
    ],
    [
      'for two hashes',
      [{ algorithm: 'HS256', secret: A1_KEY }, { algorithm: 'HS512', secret: A1_KEY }]
    ],
    ['a pair under two kids', [inputOf('ES256', 'a'), inputOf('ES256', 'b')]],
    ['a pair and its public half', [inputOf('ES256'), publicInputOf('ES256', 'b')]],
    [
      'an RSA key for two algorithms',
      [inputOf('RS256'), { algorithm: 'PS256', privateKey: rsa.privateKey, kid: 'ps' }]
    ],
    [
      'in two forms',
      [
        { algorithm: 'ES256', publicKey: { ...publicJwkOf(ec), kid: 'jwk' } },
        publicInputOf('ES256')
      ].toReversed()
    ]
  ]
  for (const [what, keys] of repeats) {
    t.equal(
      messageOf(() => resolveKeys({ keys }, refuse)),
      'fastify-simplejwt: option "keys[1]" duplicates another key. Use each key with one ' +
        'algorithm and one kid.',
      what
    )
  }
})
