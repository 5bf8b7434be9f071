import { createHmac, generateKeyPairSync } from 'node:crypto'
import fastifyJwt from '@fastify/jwt'
import fastify, { type FastifyInstance } from 'fastify'
import t from 'tap'
import { type KeyInput, type KeyRing, createKeyRing, resolveKeys } from '../plugin/keys.ts'
import { refuse } from '../plugin/option-checks.ts'
import { decode, sign } from './fixtures/jwt.ts'
import { A1_KEY, A1_TOKEN } from './fixtures/rfc7515.ts'

const key = (letter: string, kid?: string): KeyInput => ({ algorithm: 'HS256', secret: letter.repeat(32), ...(kid !== undefined && { kid }) })
const resolved = (...keys: KeyInput[]) => resolveKeys({ keys }, refuse)
const HEADER = { alg: 'HS256', typ: 'JWT' }

async function createRing (t: { after(close: () => unknown): void }, ...keys: KeyInput[]): Promise<KeyRing> {
  const app = fastify()
  t.after(() => app.close())
  return createKeyRing(app, resolved(...keys))
}

t.test('a secret is short for one HS256 key without a kid', async t => {
  t.same(resolveKeys({ secret: 'a'.repeat(32) }, refuse), [{ kid: undefined, algorithm: 'HS256', secret: Buffer.from('a'.repeat(32)) }])
  t.same(resolveKeys({ secret: A1_KEY }, refuse), [{ kid: undefined, algorithm: 'HS256', secret: A1_KEY }])
  t.same(resolveKeys({ secret: 'é'.repeat(16) }, refuse)[0]?.secret.length, 32, 'a string is taken as UTF-8')
})

t.test('a secret is copied, so that the host may wipe its own', async t => {
  const secret = Buffer.alloc(32, 'a')
  const [copy] = resolveKeys({ secret }, refuse)
  secret.fill(0)
  t.same(copy?.secret, Buffer.alloc(32, 'a'))
})

t.test('a bad key is refused with its name and the rule', async t => {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const pem = publicKey.export({ type: 'spki', format: 'pem' }).toString()
  const jwk = publicKey.export({ format: 'jwk' })
  const good = key('a')
  const bad: [string, { secret?: unknown, keys?: unknown }, string, RegExp][] = [
    ['neither secret nor keys', {}, 'secret', /is required/],
    ['both', { secret: 'a'.repeat(32), keys: [good] }, 'keys', /together with "secret"/],
    ['null', { secret: null }, 'secret', /is required/],
    ['a number', { secret: 1e40 }, 'secret', /is required/],
    ['a plain Uint8Array', { secret: new Uint8Array(32) }, 'secret', /string or a Buffer/],
    ['an empty secret', { secret: '' }, 'secret', /at least 32 bytes.*has 0/],
    ['31 bytes', { secret: 'a'.repeat(31) }, 'secret', /at least 32 bytes.*has 31/],
    ['an empty Buffer', { secret: Buffer.alloc(0) }, 'secret', /at least 32 bytes/],
    ['a public key in PEM', { secret: pem }, 'secret', /PEM, JWK or SSH/],
    ['the same with CRLF', { secret: pem.replaceAll('\n', '\r\n') }, 'secret', /PEM, JWK or SSH/],
    ['the same after a space', { secret: ` ${pem}` }, 'secret', /PEM, JWK or SSH/],
    ['the same in a Buffer', { secret: Buffer.from(pem) }, 'secret', /PEM, JWK or SSH/],
    ['a private key in PEM', { secret: privateKey.export({ type: 'pkcs8', format: 'pem' }) }, 'secret', /PEM, JWK or SSH/],
    ['a JWK', { secret: JSON.stringify(jwk) }, 'secret', /PEM, JWK or SSH/],
    ['a JWKS', { secret: JSON.stringify({ keys: [jwk] }, null, 2) }, 'secret', /PEM, JWK or SSH/],
    ['keys that are no array', { keys: good }, 'keys', /array/],
    ['keys null', { keys: null }, 'keys', /array/],
    ['no keys', { keys: [] }, 'keys', /at least one/],
    ['a key null', { keys: [null] }, 'keys[0]', /object/],
    ['a key that is a string', { keys: ['a'.repeat(32)] }, 'keys[0]', /object/],
    ['an unknown member', { keys: [good, { ...good, use: 'enc' }] }, 'keys[1].use', /not known/],
    ['no algorithm', { keys: [{ secret: good.secret }] }, 'keys[0].algorithm', /HS256/],
    ['alg none', { keys: [{ ...good, algorithm: 'none' }] }, 'keys[0].algorithm', /HS256/],
    ['hs256', { keys: [{ ...good, algorithm: 'hs256' }] }, 'keys[0].algorithm', /HS256/],
    ['a kid that is empty', { keys: [{ ...good, kid: '' }] }, 'keys[0].kid', /1 to 200/],
    ['a hole among the keys', { keys: new Array(1) }, 'keys[0]', /object/],
    ['a public key of SSH', { secret: `ssh-rsa ${'A'.repeat(300)}` }, 'secret', /SSH/],
    ['a kid that is a number', { keys: [{ ...good, kid: 1 }] }, 'keys[0].kid', /string/],
    ['a kid twice', { keys: [key('a', 'x'), key('b', 'y'), key('c', 'x')] }, 'keys[2].kid', /another key/],
    ['a key without a secret', { keys: [{ algorithm: 'HS256' }] }, 'keys[0].secret', /is required/],
    ['a secret too short', { keys: [good, { ...good, secret: 'short' }] }, 'keys[1].secret', /32 bytes/]
  ]
  for (const [what, given, name, rule] of bad) {
    const said = messageOf(() => resolveKeys(given, refuse))
    t.ok(said.startsWith(`fastify-simplejwt: option "${name}" `), `${what}: ${said}`)
    t.match(said, rule, what)
  }
})

t.test('a public key in DER is no secret either', async t => {
  for (const type of ['rsa', 'ec', 'ed25519'] as const) {
    const { publicKey } = generateKeyPairSync(type as 'rsa', { modulusLength: 2048, namedCurve: 'P-256' } as { modulusLength: number })
    t.throws(() => resolveKeys({ secret: publicKey.export({ type: 'spki', format: 'der' }) }, refuse), { message: /option "secret"/ }, type)
  }
})

t.test('no message about a bad key tells the secret', async t => {
  t.notMatch(messageOf(() => resolveKeys({ secret: 'hunter2' }, refuse)), /hunter2/)
})

function messageOf (act: () => unknown): string {
  try {
    act()
    return 'nothing was thrown'
  } catch (error) {
    return (error as Error).message
  }
}

t.test('the header is alg and typ, and kid where the key has one', async t => {
  const text = (token: string) => Buffer.from(token.split('.')[0] as string, 'base64url').toString()
  for (const ring of [await createRing(t, key('a')), replaced(await createRing(t, key('x')), key('a'))]) t.equal(text(ring.sign({})), '{"alg":"HS256","typ":"JWT"}')
  for (const ring of [await createRing(t, key('a', 'k1')), replaced(await createRing(t, key('x')), key('a', 'k1'))]) t.equal(text(ring.sign({})), '{"alg":"HS256","typ":"JWT","kid":"k1"}')
})

const replaced = (ring: KeyRing, ...keys: KeyInput[]): KeyRing => {
  ring.replace(resolved(...keys))
  return ring
}

t.test('RFC 7515 A.1 verifies with its own key and with no other', async t => {
  const ring = await createRing(t, { algorithm: 'HS256', secret: A1_KEY })
  t.same(ring.verify(A1_TOKEN, 'HS256', undefined), { iss: 'joe', exp: 1300819380, 'http://example.com/is_root': true })
  t.equal((await createRing(t, key('a'))).verify(A1_TOKEN, 'HS256', undefined), undefined)
})

t.test('a signature is the HMAC of RFC 7515, with keys of the start and keys of later', async t => {
  for (const ring of [await createRing(t, key('a')), replaced(await createRing(t, key('x')), key('a'))]) {
    const token = ring.sign({ iat: 1 })
    const [input, signature] = [token.slice(0, token.lastIndexOf('.')), token.slice(token.lastIndexOf('.') + 1)]
    t.equal(signature, createHmac('sha256', 'a'.repeat(32)).update(input).digest('base64url'))
    t.same(ring.verify(token, 'HS256', undefined), { iat: 1 })
  }
})

t.test('the first key signs, all verify', async t => {
  for (const ring of [await createRing(t, key('a'), key('b')), replaced(await createRing(t, key('x')), key('a'), key('b'))]) {
    t.same(ring.verify(sign({ n: 1 }, HEADER, 'a'.repeat(32)), 'HS256', undefined), { n: 1 })
    t.same(ring.verify(sign({ n: 2 }, HEADER, 'b'.repeat(32)), 'HS256', undefined), { n: 2 })
    t.equal(ring.verify(sign({ n: 3 }, HEADER, 'c'.repeat(32)), 'HS256', undefined), undefined)
    t.equal(ring.sign({ iat: 1 }), sign({ iat: 1 }, HEADER, 'a'.repeat(32)))
  }
})

t.test('a kid selects exactly its key', async t => {
  const ring = await createRing(t, key('a', 'one'), key('b', 'two'), key('c'))
  const verifies = (letter: string, kid?: string) => ring.verify(sign({ n: 1 }, { ...HEADER, kid }, letter.repeat(32)), 'HS256', kid) !== undefined
  t.ok(verifies('a', 'one'))
  t.ok(verifies('b', 'two'))
  t.notOk(verifies('b', 'one'))
  t.notOk(verifies('c', 'one'))
  for (const letter of ['a', 'b', 'c']) t.ok(verifies(letter), 'a token without a kid is tried with every key')
  for (const letter of ['a', 'b', 'c']) t.notOk(verifies(letter, 'three'), 'an unknown kid is refused')
  for (const kid of ['__proto__', 'constructor', 'ONE', 'one ', '', '../one', "' OR 1=1--"]) t.notOk(verifies('a', kid), kid)
})

t.test('an unknown kid passes while no key has one', async t => {
  const ring = await createRing(t, key('a'), key('b'))
  t.same(ring.verify(sign({ n: 1 }, { ...HEADER, kid: 'django' }, 'b'.repeat(32)), 'HS256', 'django'), { n: 1 })
})

t.test('a key serves its own algorithm alone, whatever the token says', async t => {
  const ring = await createRing(t, key('a'))
  for (const alg of ['HS384', 'HS512', 'RS256', 'none', 'hs256', 'HS256 ', '', '__proto__']) {
    t.equal(ring.verify(sign({}, { alg, typ: 'JWT' }, 'a'.repeat(32)), alg, undefined), undefined, alg)
    t.equal(ring.verify(sign({}, { alg, typ: 'JWT' }, 'a'.repeat(32)), 'HS256', undefined), undefined, `${alg}, announced as HS256`)
  }
})

t.test('a payload that is no object is nobody\'s', async t => {
  const ring = await createRing(t, key('a'))
  for (const payload of ['null', '[]', '"x"', '1', 'true', '', '{', 'NaN', '{}{}', '{"a":NaN}', '/**/{}', '\ufeff{}']) {
    t.equal(ring.verify(sign(payload, HEADER, 'a'.repeat(32)), 'HS256', undefined), undefined, JSON.stringify(payload))
  }
})

t.test('keys are replaced at once: new ones sign and verify, dropped ones do not', async t => {
  const ring = await createRing(t, key('a'))
  const old = ring.sign({ iat: 1 })
  ring.replace(resolved(key('b', 'new'), key('a')))
  t.same(ring.verify(old, 'HS256', undefined), { iat: 1 }, 'the old key verifies as long as it is there')
  t.same(decode(ring.sign({})).header.kid, 'new')
  ring.replace(resolved(key('b', 'new')))
  t.equal(ring.verify(old, 'HS256', undefined), undefined)
})

t.test('the library below looks at no clock', async t => {
  const ring = await createRing(t, key('a'))
  for (const claims of [{ exp: 1 }, { nbf: 99_999_999_999 }, { iat: 99_999_999_999 }]) t.same(ring.verify(sign(claims, HEADER, 'a'.repeat(32)), 'HS256', undefined), claims)
})

t.test('a host that uses @fastify/jwt itself notices nothing, in either order', async t => {
  const hostsOwn = (app: FastifyInstance) => app.register(fastifyJwt, { secret: 'the secret of the host' })
  for (const order of ['before', 'after']) {
    const app = fastify()
    t.after(() => app.close())
    if (order === 'before') await hostsOwn(app)
    const ring = await createKeyRing(app, resolved(key('a')))
    if (order === 'after') await hostsOwn(app)
    await app.ready()
    const token = app.jwt.sign({ host: true })
    t.match(app.jwt.verify(token), { host: true }, order)
    t.equal(ring.verify(token, 'HS256', undefined), undefined, order)
    t.throws(() => app.jwt.verify(ring.sign({})), { code: 'FAST_JWT_INVALID_SIGNATURE' }, order)
    t.notOk(Object.keys(app.jwt).some(name => name.startsWith('key')), 'no key of ours is within its reach')
  }
})

t.test('two rings in one app know nothing of each other', async t => {
  const app = fastify()
  t.after(() => app.close())
  const [one, two] = [await createKeyRing(app, resolved(key('a'))), await createKeyRing(app, resolved(key('b')))]
  t.equal(two.verify(one.sign({}), 'HS256', undefined), undefined)
  t.ok(one.verify(one.sign({}), 'HS256', undefined))
})
