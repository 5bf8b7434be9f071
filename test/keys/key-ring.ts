import fastifyJwt from '@fastify/jwt'
import fastify, { type FastifyInstance } from 'fastify'
import t from 'tap'
import { type Algorithm } from '../../plugin/keys/algorithms.ts'
import { thumbprint } from '../../plugin/keys/jwk.ts'
import { createKeyRing } from '../../plugin/keys/key-ring.ts'
import type { KeyInput } from '../../plugin/keys/key-options.ts'
import { type Jws, readJws } from '../../plugin/tokens/jws.ts'
import { decode, sign } from '../fixtures/tokens/jwt.ts'
import {
  EVERY, bothRings, createPair, createRing, inputOf, isPair, pairOf, publicInputOf, resolved,
  signAs, signerOf, verified
} from '../fixtures/tokens/keys.ts'

const key = (letter: string, kid?: string): KeyInput => ({
  algorithm: 'HS256',
  secret: letter.repeat(32),
  ...(kid !== undefined && { kid })
})
const HEADER = { alg: 'HS256', typ: 'JWT' }
const headerOf = (token: string): string =>
  Buffer.from(token.split('.')[0] as string, 'base64url').toString()

t.test('the header is alg and typ, and kid where the key has one', async t => {
  for (const algorithm of EVERY) {
    const own = isPair(algorithm) ? `,"kid":"${thumbprint(pairOf(algorithm).publicKey)}"` : ''
    for (const [when, ring] of await bothRings(t, inputOf(algorithm))) {
      t.equal(
        headerOf(ring.sign({})), `{"alg":"${algorithm}","typ":"JWT"${own}}`, `${algorithm}, ${when}`
      )
    }
    for (const [when, ring] of await bothRings(t, inputOf(algorithm, 'k"1'))) {
      t.equal(
        headerOf(ring.sign({})),
        `{"alg":"${algorithm}","typ":"JWT","kid":"k\\"1"}`,
        `${algorithm}, ${when}`
      )
    }
  }
})

t.test('key ring: a token of a client has the header of RFC 9068, and verifies', async t => {
  for (const algorithm of EVERY) {
    for (const [when, ring] of await bothRings(t, inputOf(algorithm, 'k1'))) {
      const token = ring.sign({ iat: 1 }, 'at+jwt')
      const of = `${algorithm}, ${when}`
      t.equal(headerOf(token), `{"alg":"${algorithm}","typ":"at+jwt","kid":"k1"}`, of)
      t.same(verified(ring, token), { iat: 1 }, of)
      t.equal(headerOf(ring.sign({}, 'JWT')), headerOf(ring.sign({})), of)
    }
  }
  for (const [when, ring] of await bothRings(t, publicInputOf('ES256'), key('a'))) {
    t.equal(headerOf(ring.sign({}, 'at+jwt')), '{"alg":"HS256","typ":"at+jwt"}', when)
  }
})

t.test('key ring: a signer is made once a key and typ', async t => {
  for (const isLater of [false, true]) {
    const { privateKey } = createPair('ES256')
    const keys = resolved({ algorithm: 'ES256', privateKey })
    let exports = 0
    const counted: ProxyHandler<typeof privateKey.export> = {
      apply: (target, _this, parameters) => {
        exports++
        return Reflect.apply(target, privateKey, parameters)
      }
    }
    privateKey.export = new Proxy(privateKey.export, counted)
    const app = fastify()
    t.after(() => app.close())
    const ring = await createKeyRing(app, isLater ? resolved(key('a')) : keys)
    if (isLater) ring.replace(keys)
    for (const typ of ['JWT', 'at+jwt'] as const) {
      ring.sign({ n: 0 }, typ)
      const before = exports
      for (let n = 0; n < 10; n++) ring.sign({ n }, typ)
      t.ok(before > 0)
      t.equal(exports, before, `${typ}, ${isLater ? 'later' : 'at the start'}`)
    }
  }
})

t.test('the first key that can sign signs, all verify', async t => {
  for (const [when, ring] of await bothRings(
    t,
    publicInputOf('ES256', 'public'),
    publicInputOf('RS256'),
    key('a'),
    key('b'),
    inputOf('EdDSA')
  )) {
    t.equal(ring.sign({ iat: 1 }), sign({ iat: 1 }, HEADER, 'a'.repeat(32)), when)
    for (const token of [
      signAs('ES256', { n: 1 }),
      signAs('RS256', { n: 1 }),
      signAs('EdDSA', { n: 1 }),
      sign({ n: 1 }, HEADER, 'a'.repeat(32)),
      sign({ n: 1 }, HEADER, 'b'.repeat(32))
    ]) {
      t.same(verified(ring, token), { n: 1 }, `${when}: ${headerOf(token)}`)
    }
    t.equal(verified(ring, sign({ n: 1 }, HEADER, 'c'.repeat(32))), undefined, when)
    t.equal(verified(ring, signAs('ES384', { n: 1 })), undefined, when)
  }
})

t.test('key ring: without a signing key, sign throws and verify still works', async t => {
  const ring = await createRing(t, publicInputOf('PS256'), publicInputOf('EdDSA'))
  t.throws(() => ring.sign({}), { message: 'fastify-simplejwt: no signing key is configured.' })
  t.same(verified(ring, signAs('PS256', { n: 1 })), { n: 1 })
  const empty = await createKeyRing(fastify(), [])
  t.throws(() => empty.sign({}), { message: 'no signing key is configured' })
  t.equal(verified(empty, signAs('HS256', {})), undefined)
  t.same(empty.publicKeys(), [])
})

t.test('a kid selects exactly its key', async t => {
  for (const [when, ring] of await bothRings(
    t, key('a', 'one'), key('b', 'two'), key('c'), inputOf('ES256', 'es'), inputOf('EdDSA')
  )) {
    const verifies = (letter: string, kid?: string) =>
      verified(ring, sign({ n: 1 }, { ...HEADER, kid }, letter.repeat(32))) !== undefined
    t.ok(verifies('a', 'one'), when)
    t.ok(verifies('b', 'two'), when)
    for (const [letter, kid] of [
      ['b', 'one'],
      ['a', 'two'],
      ['c', 'one'],
      ['a', 'es']
    ] as const) {
      t.notOk(verifies(letter, kid), `${when}: ${letter} as ${kid}`)
    }
    for (const letter of ['a', 'b', 'c']) {
      t.ok(verifies(letter), `${when}: without a kid it is tried with every key of its algorithm`)
    }
    for (const letter of ['a', 'b', 'c']) {
      t.notOk(verifies(letter, 'three'), `${when}: an unknown kid is refused`)
    }
    for (const kid of ['__proto__', 'constructor', 'ONE', 'one ', '', '../one', "' OR 1=1--"]) {
      t.notOk(verifies('a', kid), `${when}: ${kid}`)
    }
    t.same(verified(ring, signAs('ES256', { n: 1 }, { kid: 'es' })), { n: 1 }, when)
    t.same(
      verified(ring, signAs('EdDSA', { n: 1 }, { kid: thumbprint(pairOf('EdDSA').publicKey) })),
      { n: 1 },
      when
    )
    for (const kid of ['one', 'nobody', thumbprint(pairOf('EdDSA').publicKey)]) {
      t.equal(
        verified(ring, signAs('ES256', { n: 1 }, { kid })), undefined, `${when}: ES256 as ${kid}`
      )
    }
  }
})

t.test('an unknown kid passes while no key has one', async t => {
  for (const [when, ring] of await bothRings(t, key('a'), key('b'))) {
    t.same(
      verified(ring, sign({ n: 1 }, { ...HEADER, kid: 'django' }, 'b'.repeat(32))), { n: 1 }, when
    )
  }
  for (const [when, ring] of await bothRings(t, key('a'), publicInputOf('EdDSA'))) {
    t.equal(
      verified(ring, sign({ n: 1 }, { ...HEADER, kid: 'django' }, 'a'.repeat(32))),
      undefined,
      `${when}: a key pair always has one`
    )
  }
})

t.test('knows: matches a token by its kid, or by its algorithm if it has no kid', async t => {
  const ring = await createRing(t, key('a'), publicInputOf('ES256', 'es'))
  const known: [string, string | undefined, boolean][] = [
    ['HS256', undefined, true],
    ['ES256', undefined, true],
    ['ES256', 'es', true],
    ['ES384', undefined, false],
    ['HS256', 'es', true],
    ['HS256', 'other', false],
    ['ES256', 'other', false],
    ['none', undefined, false],
    ['__proto__', undefined, false],
    ['ES256', '__proto__', false]
  ]
  for (const [alg, kid, expected] of known) {
    t.equal(ring.knows(alg, kid), expected, `${alg}, ${kid}`)
  }
})

t.test('a key serves its own algorithm alone, whatever the token says', async t => {
  const same: Partial<Record<Algorithm, Algorithm[]>> = {
    RS256: ['RS384', 'RS512', 'PS256', 'PS384', 'PS512'],
    PS256: ['RS256', 'PS384'],
    HS512: ['HS256', 'HS384'],
    HS256: ['HS384', 'HS512']
  }
  for (const [algorithm, others] of Object.entries(same) as [Algorithm, Algorithm[]][]) {
    for (const [when, ring] of await bothRings(t, inputOf(algorithm, 'k'))) {
      for (const other of others) {
        for (const header of [
          { kid: 'k' },
          { kid: undefined },
          { kid: 'k', alg: algorithm },
          { alg: algorithm }
        ]) {
          t.equal(
            verified(ring, signAs(other, {}, header, signerOf(algorithm))),
            undefined,
            `${when}: ${algorithm} key, signed by ${other}, header ${JSON.stringify(header)}`
          )
        }
        for (const kid of ['k', undefined]) {
          t.equal(
            verified(ring, signAs(algorithm, {}, { alg: other, kid }, signerOf(algorithm))),
            undefined,
            `${when}: signed by ${algorithm}, and the header says ${other}, kid ${kid}`
          )
        }
      }
    }
  }
})

t.test('key ring: never takes the text of a public key as a secret', async t => {
  for (const algorithm of EVERY.filter(isPair)) {
    const { publicKey } = pairOf(algorithm)
    const secrets = [
      publicKey.export({ type: 'spki', format: 'pem' }).toString(),
      publicKey.export({ type: 'spki', format: 'pem' }).toString().trim(),
      publicKey.export({ type: 'spki', format: 'der' }),
      JSON.stringify(publicKey.export({ format: 'jwk' }))
    ]
    for (const [when, ring] of await bothRings(t, inputOf(algorithm, 'k'))) {
      for (const secret of secrets) {
        for (const hash of ['HS256', 'HS384', 'HS512'] as const) {
          for (const header of [{}, { kid: 'k' }, { kid: 'k', alg: algorithm }]) {
            t.equal(
              verified(ring, signAs(hash, {}, header, Buffer.from(secret))),
              undefined,
              `${algorithm}, ${when}, ${hash}`
            )
          }
        }
      }
    }
  }
})

t.test('key ring: refuses an unknown or unconfigured alg, signed or unsigned', async t => {
  for (const [when, ring] of await bothRings(t, key('a'))) {
    for (const alg of ['HS384', 'HS512', 'RS256', 'none', 'hs256', 'HS256 ', '', '__proto__']) {
      const token = sign({}, { alg, typ: 'JWT' }, 'a'.repeat(32))
      t.equal(verified(ring, token), undefined, `${when}: ${alg}`)
      t.equal(ring.verify(readJws(token) as Jws), false, `${when}: ${alg}, as it was read`)
      t.equal(
        verified(ring, token.replace(/[^.]*$/, '')), undefined, `${when}: ${alg}, unsigned`
      )
      const { signed } = readJws(token) as Jws
      t.equal(
        ring.verify({ header: { alg, kid: undefined }, signed, signature: Buffer.alloc(0) }),
        false,
        `${when}: ${alg}, an empty signature`
      )
    }
  }
})

t.test('key ring: refuses a payload that is not a JSON object', async t => {
  for (const [when, ring] of await bothRings(t, key('a'))) {
    for (const payload of [
      'null', '[]', '"x"', '1', 'true', '', '{', 'NaN', '{}{}', '{"a":NaN}', '/**/{}', '\ufeff{}'
    ]) {
      t.equal(
        verified(ring, sign(payload, HEADER, 'a'.repeat(32))),
        undefined,
        `${when}: ${JSON.stringify(payload)}`
      )
    }
  }
})

t.test('keys are replaced at once: new ones sign and verify, dropped ones do not', async t => {
  const ring = await createRing(t, key('a'))
  const old = ring.sign({ iat: 1 })
  ring.replace(resolved(inputOf('ES256', 'new'), key('a')))
  t.same(verified(ring, old), { iat: 1 }, 'the old key verifies as long as it is there')
  t.match(decode(ring.sign({})).header, { alg: 'ES256', kid: 'new' })
  ring.replace(resolved(inputOf('ES256', 'new')))
  t.equal(verified(ring, old), undefined)
  t.same(ring.publicKeys().map(({ kid }) => kid), ['new'])
})

t.test('the public keys are those of the key pairs, without a secret member', async t => {
  const keys = EVERY.map(algorithm => inputOf(algorithm, `the ${algorithm}`))
  for (const [when, ring] of await bothRings(t, ...keys)) {
    t.same(
      ring.publicKeys(),
      EVERY.filter(isPair).map(algorithm => ({
        ...pairOf(algorithm).publicKey.export({ format: 'jwk' }),
        kid: `the ${algorithm}`,
        use: 'sig',
        alg: algorithm
      })),
      when
    )
    t.notMatch(JSON.stringify(ring.publicKeys()), /"(d|p|q|dp|dq|qi|k|oth)":/, when)
  }
})

t.test('key ring: does not check exp, nbf or iat', async t => {
  for (const [when, ring] of await bothRings(t, key('a'))) {
    for (const claims of [{ exp: 1 }, { nbf: 99_999_999_999 }, { iat: 99_999_999_999 }]) {
      t.same(verified(ring, sign(claims, HEADER, 'a'.repeat(32))), claims, when)
    }
  }
})

t.test('key ring: leaves the host\'s own @fastify/jwt alone, in either order', async t => {
  const hostsOwn = (app: FastifyInstance) =>
    app.register(fastifyJwt, { secret: 'the secret of the host' })
  for (const order of ['before', 'after']) {
    const app = fastify()
    t.after(() => app.close())
    if (order === 'before') await hostsOwn(app)
    const ring = await createKeyRing(app, resolved(key('a'), inputOf('ES256')))
    if (order === 'after') await hostsOwn(app)
    await app.ready()
    const token = app.jwt.sign({ host: true })
    t.match(app.jwt.verify(token), { host: true }, order)
    t.equal(verified(ring, token), undefined, order)
    t.throws(() => app.jwt.verify(ring.sign({})), { code: 'FAST_JWT_INVALID_SIGNATURE' }, order)
    t.notOk(
      Object.keys(app.jwt).some(name => name.startsWith('key')),
      'no key of ours is within its reach'
    )
  }
})

t.test('two rings in one app know nothing of each other', async t => {
  const app = fastify()
  t.after(() => app.close())
  const [one, two] = [
    await createKeyRing(app, resolved(inputOf('ES256'))),
    await createKeyRing(app, resolved(key('b')))
  ]
  t.equal(verified(two, one.sign({})), undefined)
  t.ok(verified(one, one.sign({})))
})
