import { createHmac } from 'node:crypto'
import fastify from 'fastify'
import fc from 'fast-check'
import t from 'tap'
import type { Refusal } from '../../plugin/errors.ts'
import { type KeyRing, createKeyRing } from '../../plugin/keys/key-ring.ts'
import { type KeyInput, resolveKeys } from '../../plugin/keys/key-options.ts'
import { refuse } from '../../plugin/option-checks.ts'
import { type Tokens, createTokens } from '../../plugin/tokens/jwt.ts'
import { DAY, MINUTE, SECOND, SECRET, START, createClock } from '../fixtures/app.ts'
import { accessClaims, decode, refreshClaims, sign } from '../fixtures/tokens/jwt.ts'
import { A1_EXPIRES, A1_KEY, A1_TOKEN } from '../fixtures/tokens/rfc7515.ts'

const NOW = START / 1000
const SEED = {
  sid: '5e55',
  userId: '1',
  jti: '70ce',
  issuedAt: START,
  expiresAt: START + DAY,
  endsAt: START + 30 * DAY,
  accessLifetime: DAY
}
const NO_RULES = { issuer: undefined, audience: undefined, leeway: 0, userIdClaim: 'user_id' }
const clock = createClock()

async function build ({
  keys = [{ algorithm: 'HS256', secret: SECRET }] as KeyInput[],
  issuer = undefined as string | undefined,
  audience = undefined as string | undefined,
  leeway = 0,
  userIdClaim = 'user_id',
  now = clock as () => number
} = {}): Promise<Tokens> {
  const app = fastify()
  t.after(() => app.close())
  return createTokens(
    await createKeyRing(app, resolveKeys({ keys }, refuse)),
    { issuer, audience, leeway, userIdClaim },
    5 * MINUTE,
    now
  )
}

const tokens = await build()
const text = (token: string, segment: number): string =>
  Buffer.from(token.split('.')[segment] as string, 'base64url').toString()
const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
const bare = { alg: 'HS256' }

/** Signs with any hash; the header may say another. */
function forge (header: unknown, hash = 'sha256', payload: unknown = accessClaims()): string {
  const input = `${Buffer.from(JSON.stringify(header)).toString('base64url')}.` +
    Buffer.from(JSON.stringify(payload)).toString('base64url')
  return `${input}.${createHmac(hash, SECRET).update(input).digest('base64url')}`
}

t.test('a refresh token is its header and claims in this order and nothing else', async t => {
  const tokens = await build({ issuer: 'us', audience: 'them' })
  const token = tokens.mintRefresh(SEED, { role: 'admin' })
  t.equal(text(token, 0), '{"alg":"HS256","typ":"JWT"}')
  t.equal(
    text(token, 1),
    `{"token_type":"refresh","exp":${NOW + 86_400},"iat":${NOW},"jti":"70ce","user_id":"1",` +
      '"sid":"5e55","iss":"us","aud":"them","role":"admin"}'
  )
  t.equal(token, sign(text(token, 1)))
})

t.test('mint: writes the user id under the name of userIdClaim only', async t => {
  const tokens = await build({ userIdClaim: 'sub' })
  const custom = { sub: '2', user_id: '2', role: 'admin' }
  for (const token of [tokens.mintAccess(SEED, custom), tokens.mintRefresh(SEED, custom)]) {
    const { payload } = decode(token)
    t.match(payload, { sub: '1', role: 'admin' })
    t.notOk('user_id' in payload)
    t.match(tokens.verifyAny(token), { sub: '1', user_id: '1', role: 'admin' })
  }
})

t.test('an access token is its header and claims in this order, with a new jti', async t => {
  const token = tokens.mintAccess(SEED, { role: 'admin' })
  t.equal(text(token, 0), '{"alg":"HS256","typ":"JWT"}')
  t.match(
    text(token, 1),
    new RegExp(
      `^\\{"token_type":"access","exp":${NOW + 300},"iat":${NOW},"jti":"[0-9a-f]{32}",` +
        '"user_id":"1","sid":"5e55","role":"admin"\\}$'
    )
  )
  t.not(tokens.mintAccess(SEED, {}), tokens.mintAccess(SEED, {}))
})

t.test('the header has the kid of a key that has one', async t => {
  const tokens = await build({ keys: [{ kid: 'k1', algorithm: 'HS256', secret: SECRET }] })
  t.equal(text(tokens.mintRefresh(SEED, {}), 0), '{"alg":"HS256","typ":"JWT","kid":"k1"}')
})

t.test('the same seed gives the same refresh token, byte for byte, at any time', async t => {
  const tokens = await build({ now: createClock(START + MINUTE) })
  t.equal(tokens.mintRefresh(SEED, { a: 1 }), tokens.mintRefresh({ ...SEED }, { a: 1 }))
  t.equal((await build()).mintRefresh(SEED, { a: 1 }), tokens.mintRefresh(SEED, { a: 1 }))
})

t.test('only a refresh token carries the options of its session', async t => {
  const tokens = await build()
  const sessionOptions = { claims: { mfa: true }, persistent: false }
  const { payload } = decode(tokens.mintRefresh(SEED, {}, sessionOptions))
  t.same(payload.session_options, sessionOptions)
  t.notOk('session_options' in decode(tokens.mintRefresh(SEED, {})).payload)
  t.notOk('session_options' in decode(
    tokens.mintAccess(SEED, { session_options: sessionOptions })).payload)
})

t.test('times are whole seconds, and no exp is after the end of the session', async t => {
  const tokens = await build({ now: () => START + 999 })
  t.match(decode(tokens.mintAccess(SEED, {})).payload, { iat: NOW, exp: NOW + 300 })
  t.match(decode(tokens.mintAccess({ ...SEED, endsAt: START + 10_999 }, {})).payload, {
    exp: NOW + 10
  })
  t.match(
    decode(tokens.mintAccess({ ...SEED, accessLifetime: 9_001 }, {})).payload,
    { iat: NOW, exp: NOW + 10 },
    'the store deletes the row after the access lifetime in it'
  )
  t.match(
    decode(tokens.mintRefresh({ ...SEED, issuedAt: START + 999, expiresAt: START + 10_999 }, {}))
      .payload,
    { iat: NOW, exp: NOW + 10 }
  )
})

t.test('custom claims never take the place of the plugin\'s own', async t => {
  const evil = {
    token_type: 'refresh',
    exp: 99_999_999_999,
    iat: 0,
    nbf: 99_999_999_999,
    jti: 'mine',
    user_id: '2',
    sid: 'mine',
    iss: 'me',
    aud: 'me'
  }
  const { payload } = decode(tokens.mintAccess(SEED, { ...evil, role: 'admin' }))
  t.match(payload, {
    token_type: 'access',
    exp: NOW + 300,
    iat: NOW,
    user_id: '1',
    sid: '5e55',
    role: 'admin'
  })
  t.same(Object.keys(payload), ['token_type', 'exp', 'iat', 'jti', 'user_id', 'sid', 'role'])
})

t.test('verify: accepts its own tokens after the clock was set back, and expires them', async t => {
  const clock = createClock(START + DAY)
  const tokens = await build({ now: clock })
  const access = tokens.mintAccess(SEED, {})
  const early = (await build({ now: createClock(START + DAY + 61 * SECOND) })).mintAccess(SEED, {})
  t.equal(tokens.verifyAccess(early), 'Token is invalid', 'from the future')
  t.type(tokens.verifyAccess(access), 'object')
  clock.advance(-2 * 60 * MINUTE)
  t.type(tokens.verifyAccess(access), 'object')
  t.equal(tokens.verifyAccess(early), 'Token is invalid', 'still from the future')
  clock.advance(2 * 60 * MINUTE + 5 * MINUTE)
  t.equal(tokens.verifyAccess(access), 'Token is expired')
})

t.test('verify: accepts a minted token as its own type only', async t => {
  const [access, refresh] = [
    tokens.mintAccess(SEED, { role: 'admin' }), tokens.mintRefresh(SEED, { role: 'admin' })
  ]
  t.same(tokens.verifyAccess(access), decode(access).payload)
  t.same(tokens.verifyRefresh(refresh), decode(refresh).payload)
  t.same(tokens.verifyAny(access), decode(access).payload)
  t.same(tokens.verifyAny(refresh), decode(refresh).payload)
  t.equal(tokens.verifyAccess(refresh), 'Token has wrong type')
  t.equal(tokens.verifyRefresh(access), 'Token has wrong type')
  fc.assert(fc.property(fc.dictionary(fc.string(), fc.jsonValue(), { maxKeys: 5 }), custom => {
    const token = tokens.mintAccess(SEED, custom)
    return token.length > 8192 || JSON.stringify(tokens.verifyAccess(token)) === text(token, 1)
  }))
})

t.test('verify: accepts a token of another server, with user_id as a string', async t => {
  t.match(tokens.verifyAccess(sign(accessClaims({ user_id: 1 }))), { user_id: '1' })
  t.match(tokens.verifyRefresh(sign(refreshClaims({ user_id: 1 }))), { user_id: '1' })
  t.match(
    tokens.verifyAccess(sign(accessClaims(), { alg: 'HS256' })), { user_id: '1' }, 'typ is absent'
  )
  t.match(tokens.verifyAccess(sign(accessClaims(), { alg: 'HS256', typ: 'at+jwt' })), {
    user_id: '1'
  })
})

t.test('verifyAccess: refuses each bad token with its own reason', async t => {
  const without = (name: string) => sign(JSON.stringify({ ...accessClaims(), [name]: undefined }))
  const cases: [string, string, Refusal][] = [
    ['garbage', 'garbage', 'Token is invalid'],
    ['expired', sign(accessClaims({ exp: NOW })), 'Token is expired'],
    ['no exp', without('exp'), "Token has no 'exp' claim"],
    ['no jti', without('jti'), 'Token has no id'],
    ['no token_type', without('token_type'), 'Token has no type'],
    ['a refresh token', sign(refreshClaims()), 'Token has wrong type'],
    ['no user_id', without('user_id'), 'Token contained no recognizable user identification'],
    ['user_id null', sign(accessClaims({ user_id: null })), 'User not found']
  ]
  for (const [what, token, refusal] of cases) t.equal(tokens.verifyAccess(token), refusal, what)
})

t.test('a signature of another key, or of none, is invalid', async t => {
  const [header, payload, signature] = sign(accessClaims()).split('.') as [string, string, string]
  const bytes = Buffer.from(signature, 'base64url')
  const signatures: [string, string][] = [
    ['empty', ''],
    ['one byte', 'AA'],
    ['all zero', Buffer.alloc(32).toString('base64url')],
    ['cut short', bytes.subarray(0, 31).toString('base64url')],
    ['made longer', Buffer.concat([bytes, Buffer.alloc(1)]).toString('base64url')],
    ['doubled', Buffer.concat([bytes, bytes]).toString('base64url')],
    ['in hex', bytes.toString('hex')],
    ['padded', `${signature}=`],
    ['in base64', bytes.toString('base64')]
  ]
  for (const [what, other] of signatures) {
    t.equal(tokens.verifyAccess(`${header}.${payload}.${other}`), 'Token is invalid', what)
  }
  t.equal(
    tokens.verifyAccess(sign(accessClaims(), bare, 'another secret of thirty-two byte')),
    'Token is invalid'
  )
  t.equal(tokens.verifyAccess(sign(accessClaims(), bare, '')), 'Token is invalid')
})

t.test('verify: refuses a signature with other trailing bits', async t => {
  const token = sign(accessClaims())
  const bytes = (token: string): string =>
    Buffer.from(token.split('.')[2] as string, 'base64url').toString('hex')
  const same = [...ALPHABET]
    .map(last => token.slice(0, -1) + last)
    .filter(other => bytes(other) === bytes(token))
  t.equal(same.length, 4, 'four spellings of 32 bytes')
  t.same(same.filter(other => typeof tokens.verifyAccess(other) === 'object'), [token])
})

t.test('verify: refuses alg "none" in any spelling, signed or unsigned', async t => {
  for (const alg of [
    'none', 'None', 'NONE', 'nOnE', 'none ', ' none', 'none\0', '', 'null', 'hs256', 'HS256 ',
    'HS256\0', 'Hs256'
  ]) {
    const signed = forge({ alg, typ: 'JWT' })
    t.equal(tokens.verifyAccess(signed), 'Token is invalid', `${JSON.stringify(alg)}, signed`)
    t.equal(
      tokens.verifyAccess(signed.slice(0, signed.lastIndexOf('.') + 1)),
      'Token is invalid',
      `${JSON.stringify(alg)}, unsigned`
    )
    t.equal(
      tokens.verifyAccess(signed.slice(0, signed.lastIndexOf('.'))),
      'Token is invalid',
      `${JSON.stringify(alg)}, without the dot`
    )
  }
  for (const alg of [null, 1, true, ['HS256'], { alg: 'HS256' }]) {
    t.equal(tokens.verifyAccess(forge({ alg })), 'Token is invalid', JSON.stringify(alg))
  }
})

t.test('the same secret under another algorithm is not our key', async t => {
  t.ok(typeof tokens.verifyAccess(forge(bare)) === 'object')
  for (const [alg, hash] of [
    ['HS384', 'sha384'],
    ['HS512', 'sha512'],
    ['HS256', 'sha384'],
    ['HS256', 'sha512'],
    ['HS512', 'sha256'],
    ['RS256', 'sha256'],
    ['ES256', 'sha256'],
    ['EdDSA', 'sha512'],
    ['PS256', 'sha256']
  ]) {
    t.equal(tokens.verifyAccess(forge({ alg }, hash)), 'Token is invalid', `${alg} by ${hash}`)
  }
})

t.test('more or fewer segments, padding, white space and over-long tokens are invalid', async t => {
  const token = sign(accessClaims())
  const [header, payload, signature] = token.split('.') as [string, string, string]
  for (const other of [
    '',
    '.',
    '..',
    header,
    `${header}.${payload}`,
    `${token}.`,
    `.${token}`,
    `${token}.${signature}`,
    `${token}.${payload}.${signature}`,
    `${header}..${signature}`,
    `${token}=`,
    `${token}==`,
    `${header}=.${payload}.${signature}`,
    ` ${token}`,
    `${token} `,
    `${token}\n`,
    `${token}\0`,
    token.replaceAll('.', '%2E'),
    `Bearer ${token}`,
    `"${token}"`
  ]) {
    t.equal(tokens.verifyAny(other), 'Token is invalid', JSON.stringify(other))
  }
  const shortest = sign(accessClaims({ pad: '' })).length
  const pads = Array.from({ length: 30 }, (_, index) =>
    sign(accessClaims({ pad: 'x'.repeat(Math.floor(((8192 - shortest) * 3) / 4) - 15 + index) }))
  )
  for (const token of pads) {
    t.equal(
      typeof tokens.verifyAny(token),
      token.length <= 8192 ? 'object' : 'string',
      `${token.length} characters`
    )
  }
  for (const length of [8192, 8193]) {
    t.ok(pads.some(token => token.length === length), `${length} is among them`)
  }
})

t.test('mint: throws for a token that verify would refuse for its length', async t => {
  const ring = { sign: ({ length }: { length: number }) => 'x'.repeat(length) }
  const tokens = createTokens(ring as unknown as KeyRing, NO_RULES, MINUTE, clock)
  const times = { issuedAt: START, expiresAt: START, endsAt: START, accessLifetime: 0 }
  const seed = { sid: 's', userId: '1', jti: 'j', ...times }
  for (const [kind, mint] of [
    ['access', tokens.mintAccess], ['refresh', tokens.mintRefresh]
  ] as const) {
    t.equal(mint(seed, { length: 8192 }).length, 8192)
    t.throws(() => mint(seed, { length: 8193 }), {
      name: 'RangeError',
      message: `fastify-simplejwt: the ${kind} token would have 8193 characters. At most 8192 are ` +
        'accepted. Return fewer claims from claims(), or shorten the user id, the "kid", the ' +
        '"issuer" or the "audience".'
    })
  }
})

t.test('verify: refuses a malformed or overlong token before it reaches a key', async t => {
  let asked = 0
  const ring = { verify: () => { asked++ }, knows: () => true } as unknown as KeyRing
  const tokens = createTokens(ring, NO_RULES, 5 * MINUTE, clock)
  const token = sign(accessClaims())
  for (const other of [
    sign(accessClaims({ pad: 'x'.repeat(6000) })),
    'A'.repeat(1_000_000),
    `${token}=`,
    `${token}.`,
    `${token} `,
    forge({ ...bare, crit: ['exp'] }),
    forge({ ...bare, b64: false })
  ]) {
    t.equal(tokens.verifyAny(other), 'Token is invalid')
  }
  t.equal(asked, 0)
  tokens.verifyAny(token)
  t.equal(asked, 1)
})

t.test('crit, b64, typ and kid are held to their rules, however good the signature', async t => {
  const refused = [
    { crit: ['exp'] },
    { crit: [] },
    { crit: null },
    { crit: ['b64'], b64: false },
    { b64: false },
    { b64: true },
    { typ: null },
    { typ: 'jwt' },
    { typ: 'dpop+jwt' },
    { typ: 1 },
    { kid: null },
    { kid: 1 },
    { kid: ['a'] }
  ]
  for (const parameters of refused) {
    t.equal(
      tokens.verifyAccess(forge({ ...bare, ...parameters })),
      'Token is invalid',
      JSON.stringify(parameters)
    )
  }
  t.equal(
    typeof tokens.verifyAccess(
      forge({
        ...bare,
        jku: 'http://127.0.0.1:1/',
        x5u: 'http://127.0.0.1:1/',
        jwk: { kty: 'oct', k: 'AA' },
        cty: 'x'
      })
    ),
    'object',
    'what is not understood is ignored'
  )
})

t.test('a key that the token brings is not used', async t => {
  const secret = 'b'.repeat(32)
  const jwk = { kty: 'oct', k: Buffer.from(secret).toString('base64url'), alg: 'HS256' }
  t.equal(
    tokens.verifyAccess(sign(accessClaims(), { ...bare, jwk, kid: jwk.k }, secret)),
    'Token is invalid'
  )
})

t.test('an unknown kid is refused, unless no key has a kid', async t => {
  const named = await build({
    keys: [
      { kid: 'k1', algorithm: 'HS256', secret: SECRET },
      { algorithm: 'HS256', secret: 'b'.repeat(32) }
    ]
  })
  t.equal(typeof named.verifyAccess(forge({ ...bare, kid: 'k1' })), 'object')
  t.equal(typeof named.verifyAccess(forge(bare)), 'object')
  for (const kid of ['k2', '', 'K1', '__proto__']) {
    t.equal(named.verifyAccess(forge({ ...bare, kid })), 'Token is invalid', kid)
  }
  t.equal(typeof tokens.verifyAccess(forge({ ...bare, kid: 'k2' })), 'object')
})

t.test('missingKey: requests the alg and kid of a header, if it is readable', async t => {
  const app = fastify()
  t.after(() => app.close())
  const ring = await createKeyRing(app, resolveKeys({ secret: SECRET }, refuse))
  const asked: unknown[] = []
  const remote = {
    ...ring,
    missing: async (alg: string, kid: string | undefined) => {
      asked.push([alg, kid])
    }
  }
  const others = createTokens(remote, NO_RULES, 5 * MINUTE, clock)
  await others.missingKey(forge({ ...bare, kid: 'k1' }))
  await others.missingKey(forge({ alg: 'ES256' }))
  t.same(asked, [['HS256', 'k1'], ['ES256', undefined]])
  for (const token of ['', 'x', '..', forge({ ...bare, kid: 1 }), forge({ kid: 'k1' })]) {
    t.equal(others.missingKey(token), undefined)
  }
  t.equal(asked.length, 2)
  t.equal(
    tokens.missingKey(forge({ ...bare, kid: 'k1' })), undefined, 'keys of our own are all here'
  )
})

t.test('dates are finite numbers of seconds', async t => {
  const raw = (changes: string): string => {
    const claims = accessClaims(
      Object.fromEntries([...changes.matchAll(/"(\w+)":/g)].map(([, name]) => [name, undefined]))
    )
    return sign(JSON.stringify(claims).replace(/}$/, `,${changes}}`))
  }
  t.equal(typeof tokens.verifyAccess(raw(`"exp":${NOW}.5`)), 'object', 'half a second is left')
  t.equal(typeof tokens.verifyAccess(raw(`"iat":${NOW}.25,"nbf":${NOW}.0`)), 'object')
  for (const value of [
    `"${NOW + 300}"`, 'null', '1e400', '-1e400', `[${NOW + 300}]`, '{}', 'true',
    `${START + 300_000}`
  ]) {
    t.equal(tokens.verifyAccess(raw(`"exp":${value}`)), 'Token is invalid', `exp ${value}`)
  }
  for (const value of [
    `"${NOW}"`, 'null', '1e400', `[${NOW}]`, 'false', `${NOW + 61}`, `${START}`
  ]) {
    t.equal(tokens.verifyAccess(raw(`"iat":${value}`)), 'Token is invalid', `iat ${value}`)
  }
  for (const value of [`"${NOW}"`, 'null', '1e400', '[]', `${NOW + 1}`]) {
    t.equal(tokens.verifyAccess(raw(`"nbf":${value}`)), 'Token is invalid', `nbf ${value}`)
  }
  t.equal(
    tokens.verifyAccess(raw(`"exp":${NOW + 366 * 86_400 + 1}`)),
    'Token is invalid',
    'a life of more than 366 days'
  )
})

t.test('verify: refuses a duplicate member in the header or the payload', async t => {
  const twice = (member: string): string =>
    sign(JSON.stringify(accessClaims()).replace(/}$/, `,${member}}`))
  for (const member of [
    '"user_id":"2"', '"user_id":"1"', '"exp":1e10', '"x":1,"x":1', '"x":{"y":1,"y":2}',
    '"\\u0065xp":1e10'
  ]) {
    t.equal(tokens.verifyAccess(twice(member)), 'Token is invalid', member)
  }
  t.equal(
    tokens.verifyAccess(sign(accessClaims(), '{"alg":"none","alg":"HS256"}')), 'Token is invalid'
  )
  t.type(
    tokens.verifyAccess(twice('"x":"\\"exp\\":1"')),
    'object',
    'a text that looks like a member is none'
  )
})

t.test('a user_id is a string or an integer that a number can hold', async t => {
  for (const value of [true, false, 1.5, 2 ** 53, '', [], {}, ['1']]) {
    t.equal(
      tokens.verifyAccess(sign(accessClaims({ user_id: value }))),
      'Token is invalid',
      JSON.stringify(value)
    )
  }
})

t.test('a payload that is not one JSON object in UTF-8 is invalid', async t => {
  for (const payload of [
    'null', '[]', '"x"', '1', '', '{', `${JSON.stringify(accessClaims())}}`,
    `\ufeff${JSON.stringify(accessClaims())}`, '{"exp":NaN}',
    `/**/${JSON.stringify(accessClaims())}`
  ]) {
    t.equal(tokens.verifyAccess(sign(payload)), 'Token is invalid', JSON.stringify(payload))
  }
  const deep = sign(
    JSON.stringify(accessClaims()).replace(/}$/, `,"deep":${'['.repeat(2900)}${']'.repeat(2900)}}`)
  )
  t.ok(deep.length <= 8192)
  t.equal(typeof tokens.verifyAccess(deep), 'object', 'as deep as a token can be')
})

t.test('issuer, audience and leeway are the registration\'s', async t => {
  const strict = await build({ issuer: 'us', audience: 'them', leeway: 30 * SECOND })
  t.equal(strict.verifyAccess(sign(accessClaims())), 'Token is invalid')
  t.match(
    strict.verifyAccess(
      sign(accessClaims({ iss: 'us', aud: ['them'], iat: NOW - 300, exp: NOW - 29 }))
    ),
    { iss: 'us' }
  )
  t.equal(
    strict.verifyAccess(
      sign(accessClaims({ iss: 'us', aud: 'them', iat: NOW - 300, exp: NOW - 30 }))
    ),
    'Token is expired'
  )
})

t.test('verify: refuses the token of RFC 7515 A.1 in spite of its valid signature', async t => {
  const keys: KeyInput[] = [{ algorithm: 'HS256', secret: A1_KEY }]
  t.equal(
    (await build({ keys, now: () => A1_EXPIRES - SECOND })).verifyAny(A1_TOKEN), 'Token has no id'
  )
  t.equal((await build({ keys, now: () => A1_EXPIRES })).verifyAny(A1_TOKEN), 'Token is expired')
  t.equal(tokens.verifyAny(A1_TOKEN), 'Token is invalid')
})

t.test('a token altered anywhere does not verify', async () => {
  const token = sign(accessClaims())
  const place = fc.nat({ max: token.length - 1 })
  fc.assert(fc.property(place, fc.constantFrom(...ALPHABET, '.'), (index, character) => {
    const altered = token.slice(0, index) + character + token.slice(index + 1)
    return altered === token || tokens.verifyAny(altered) === 'Token is invalid'
  }), { numRuns: 2000 })
  fc.assert(
    fc.property(
      place,
      fc.string({ unit: fc.constantFrom(...ALPHABET, '.'), minLength: 1, maxLength: 4 }),
      (index, extra) =>
        tokens.verifyAny(token.slice(0, index) + extra + token.slice(index)) === 'Token is invalid'
    )
  )
  fc.assert(
    fc.property(
      place,
      fc.nat({ max: 10 }),
      (index, count) =>
        tokens.verifyAny(token.slice(0, index) + token.slice(index + count + 1)) ===
        'Token is invalid'
    )
  )
  const segments = token.split('.').map(part => Buffer.from(part, 'base64url'))
  fc.assert(
    fc.property(
      fc.nat({ max: 2 }),
      fc.nat(),
      fc.integer({ min: 1, max: 255 }),
      (segment, index, mask) => {
        const altered = segments.map(part => Buffer.from(part))
        const part = altered[segment] as Buffer
        part[index % part.length]! ^= mask
        return (
          tokens.verifyAny(altered.map(part => part.toString('base64url')).join('.')) ===
          'Token is invalid'
        )
      }
    ),
    { numRuns: 2000 }
  )
})

t.test('no text makes it throw', async () => {
  fc.assert(
    fc.property(
      fc.string({ unit: 'binary' }), token => tokens.verifyAny(token) === 'Token is invalid'
    )
  )
  fc.assert(
    fc.property(
      fc.json(),
      fc.json(),
      (header, payload) => tokens.verifyAny(sign(payload, header)) === 'Token is invalid'
    )
  )
  fc.assert(fc.property(fc.json(), payload => typeof tokens.verifyAny(sign(payload)) === 'string'))
})
