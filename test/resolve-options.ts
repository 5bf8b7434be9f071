import { mock } from 'node:test'
import fc from 'fast-check'
import t from 'tap'
import type { SimpleJwtOptions } from '../plugin/options.ts'
import { resolveOptions } from '../plugin/resolve-options.ts'
import { memoryStore } from '../plugin/stores/memory.ts'
import { SECRET } from './fixtures/app.ts'
import { EVERY, inputOf, publicInputOf } from './fixtures/tokens/keys.ts'

type Name = keyof SimpleJwtOptions
const REQUIRED: SimpleJwtOptions = { secret: SECRET, verifyCredentials: () => null }
const resolve = (options: object) => resolveOptions({ ...REQUIRED, ...options })

const NO_TEXT = ['', 1, true, {}, [], ['x'], () => 'x']
const NO_DURATION = [
  '',
  '5',
  'soon',
  '-5m',
  -1,
  NaN,
  Infinity,
  '200y',
  true,
  {},
  [],
  ['5m'],
  () => 1
]
const NO_LIFETIME = [...NO_DURATION, 0, 0.5, '999ms']
const NO_FLAG = ['', 'true', 'false', 0, 1, {}, [], () => true]
const NO_FUNCTION = ['', 'x', 0, 1, true, false, {}, []]

const BAD: Record<Name, unknown[]> = {
  secret: [
    '', 'short', 'a'.repeat(31), 1, true, {}, [], () => SECRET, new Uint8Array(32), Buffer.alloc(31)
  ],
  keys: ['', SECRET, 1, true, {}, [], [SECRET], [{}], () => []],
  jwksUrl: ['https://example.com/.well-known/jwks.json', '', 1, true, {}, []],
  verifyCredentials: NO_FUNCTION,
  findUser: NO_FUNCTION,
  claims: NO_FUNCTION,
  usernameField: [...NO_TEXT, 'password', '__proto__'],
  usernameMaxLength: ['', '255', 0, -1, 0.5, 8193, NaN, Infinity, null, true, {}, [], () => 255],
  loginFields: [
    '', 'otp', 1, true, [], () => ({}), { otp: 'string' }, { otp: null }, { otp: [] },
    { password: {} }, { username: {} }
  ],
  loginResponse: NO_FUNCTION,
  sessionOptions: NO_FUNCTION,
  accessTokenLifetime: [...NO_LIFETIME, '367d', 366 * 86_400 + 1, 86_401, 300_000, '25h'],
  refreshTokenLifetime: [...NO_LIFETIME, '367d', '31d'],
  sessionLifetime: NO_LIFETIME,
  rotateRefreshTokens: NO_FLAG,
  reuseInterval: [...NO_DURATION, '61m'],
  replayFrom: [...NO_TEXT, 'address', 'sameaddress', true],
  adoptRefreshTokens: ['', 'true', 'false', 0, 1, {}, []],
  userIdClaim: [
    ...NO_TEXT, 'sid', 'jti', 'token_type', 'exp', 'client_id', '__proto__', 'x'.repeat(101)
  ],
  issuer: NO_TEXT,
  audience: NO_TEXT,
  leeway: [...NO_DURATION, '61m', 3601],
  store: [
    '',
    'memory:',
    1,
    true,
    {},
    [],
    () => memoryStore(),
    { ...memoryStore(), rotate: undefined },
    { ...memoryStore(), sweep: true },
    { ...memoryStore(), shared: undefined },
    { ...memoryStore(), shared: 'no' }
  ],
  revocation: ['', 'LIST', 'none', 0, true, false, {}, [], ['list'], () => 'list'],
  revocationInterval: [...NO_DURATION, 0, '9ms', '61m'],
  verificationCache: ['', '10000', -1, 0.5, NaN, Infinity, true, false, {}, [], () => 1],
  rateLimit: ['', 'off', 0, 1, true, { loginPerAddress: 0 }, { loginsPerAddress: 1 }, () => false],
  cookie: [
    '',
    'refresh',
    0,
    1,
    [],
    () => false,
    { name: 'refresh' },
    { origins: 'https://app.example.com' },
    { origins: ['*'] }
  ],
  prefix: [
    ...NO_TEXT, '/', '//', 'api/token', '/api//token', '/api?', '/api#', '/:id', '/*', '/api/*',
    'http://x/', '/%61', '/a/../b', '/a\n', '/ä', '/a b'
  ],
  paths: [
    '', '/login', 1, true, [], () => ({}), { login: '/login' }, { obtain: '' }, { obtain: true },
    { obtain: '/' }, { obtain: 'login' }, { refresh: '/:id' }, { verify: '/a b' },
    { sessions: null }
  ],
  guardByDefault: NO_FLAG,
  extractToken: NO_FUNCTION,
  realm: [...NO_TEXT, 'a\r\nb', 'ä', 'a\tb', 'a\0', 'a\x7f'],
  resourceMetadata: [
    ...NO_TEXT, '/.well-known/oauth-protected-resource', 'example.com/mcp', 'mailto:a@example.com',
    'ftp://example.com/', 'http://example.com/', 'http://127.0.0.1.example.com/', 'https://',
    'https:///example.com', 'https://[x]/', 'https://a:99999/', 'https://me@example.com/',
    'https://me:secret@example.com/', 'https://@example.com/', 'https://example.com/#a',
    'https://example.com/#', 'https://example.com/"', 'https://example.com/a", scope="b',
    'https://example.com/\\', 'https://example.com\\a', 'https://example.com/a b',
    'https://example.com/\r\nx: y', 'https://example.com/\0', 'https://example.com/\x7f',
    'https://example.com/ä', `https://example.com/${'x'.repeat(1701)}`
  ],
  namespace: [...NO_TEXT, 'Staff', '1', 'a-b', 'a b', '__proto__', '_a', 'ä'],
  onEvent: NO_FUNCTION,
  onSessionEnded: NO_FUNCTION,
  now: [...NO_FUNCTION, 1_795_348_800_000]
}

const GOOD: Record<Name, unknown[]> = {
  secret: [SECRET, Buffer.alloc(32, 'x'), 'x'.repeat(1000)],
  keys: [],
  jwksUrl: [undefined],
  verifyCredentials: [undefined, async () => null],
  findUser: [undefined, () => null],
  claims: [undefined, () => ({})],
  usernameField: ['email', 'e-mail address', 'constructor', 'password2', 'ユーザー'],
  usernameMaxLength: [1, 255, 8192],
  loginFields: [undefined, {}, { otp: { type: 'string' }, remember: {} }],
  loginResponse: [undefined, () => ({})],
  sessionOptions: [undefined, () => ({})],
  accessTokenLifetime: [1, '1s', '24h', 300, 86_400, '5 minutes'],
  refreshTokenLifetime: [300, '1d', '30d'],
  sessionLifetime: [1, '30d', '2y', '100y'],
  rotateRefreshTokens: [true, false],
  reuseInterval: [0, '10s', '1h', 0.5],
  replayFrom: ['anywhere', 'sameAddress'],
  adoptRefreshTokens: [true, false, () => true],
  userIdClaim: ['user_id', 'id', 'sub', 'constructor'],
  issuer: ['https://example.com'],
  audience: ['them'],
  leeway: [0, 5, '1m', 3600],
  store: [memoryStore(), { ...memoryStore(), shared: true }],
  revocation: ['list', 'store', 'off'],
  revocationInterval: ['10ms', 1, '1h'],
  verificationCache: [0, 1, 1_000_000],
  rateLimit: [false, {}, { loginPerAddress: 1 }],
  cookie: [false, undefined, true, {}, { origins: ['https://app.example.com'] }],
  prefix: ['/api/token', '/auth', '/auth/', '/a/b-c/d.e'],
  paths: [undefined, {}, { obtain: '/auth/login/', refresh: false, sessions: undefined }],
  guardByDefault: [true, false],
  extractToken: [undefined, () => undefined],
  realm: ['api', 'staff "only"', 'a\\b'],
  resourceMetadata: [
    undefined, 'https://example.com/.well-known/oauth-protected-resource/mcp',
    'https://example.com', 'https://example.com:8443/@a?b=c', 'https://[2001:db8::1]/',
    'http://127.0.0.1:8000/a', 'http://[::1]/a', 'http://localhost:8000/a'
  ],
  namespace: [undefined],
  onEvent: [undefined, () => {}],
  onSessionEnded: [undefined, () => {}],
  now: [Date.now, () => 0]
}

t.test('a bad value stops the start with the name of its option', async t => {
  for (const [name, values] of Object.entries(BAD)) {
    for (const value of values) {
      const base =
        name === 'keys' ? { secret: undefined } : name === 'namespace' ? { prefix: '/staff' } : {}
      t.throws(
        () => resolve({ ...base, [name]: value }),
        {
          name: 'TypeError',
          message: new RegExp(`^fastify-simplejwt: option "${name}["[.].+ .+\\.$`)
        },
        `${name}: ${typeof value === 'string' ? JSON.stringify(value) : String(value)}`
      )
    }
  }
})

t.test('null is a bad value too, not one that is absent', async t => {
  for (const name of Object.keys(BAD)) {
    t.throws(
      () =>
        resolve({ prefix: '/other', ...(name === 'keys' && { secret: undefined }), [name]: null }),
      { message: new RegExp(`option "${name}"`) },
      name
    )
  }
})

t.test('a good value is taken, and an option that is undefined is one that is absent', async t => {
  for (const [name, values] of Object.entries(GOOD)) {
    for (const value of values) {
      t.doesNotThrow(() => resolve({ [name]: value }), `${name}: ${String(value)}`)
    }
    if (name !== 'secret' && name !== 'verifyCredentials') {
      t.doesNotThrow(() => resolve({ [name]: undefined }), `${name}: undefined`)
    }
  }
})

t.test('an unknown option stops the start by its name', async t => {
  for (const name of [
    'Secret', 'accessTokenLifeTime', 'signingKey', 'constructor', 'toString', ''
  ]) {
    t.throws(() => resolve({ [name]: undefined }), {
      message: `option "${name}" is not known. Remove it, or check its spelling.`
    })
  }
  fc.assert(
    fc.property(
      fc.string().filter(name => !Object.hasOwn(BAD, name) && name !== '__proto__'),
      name => {
        try {
          resolve({ [name]: 1 })
          return false
        } catch (error) {
          return (
            (error as Error).message ===
            `fastify-simplejwt: option "${name}" is not known. Remove it, or check its spelling.`
          )
        }
      }
    )
  )
})

t.test('the defaults are those of the design', async t => {
  const { keys, store, verifyCredentials, now, ...rest } = resolve({})
  t.equal(verifyCredentials, REQUIRED.verifyCredentials)
  t.same(keys, [{ kid: undefined, algorithm: 'HS256', secret: Buffer.from(SECRET) }])
  t.equal(store.shared, false)
  t.same(rest, {
    jwksUrl: undefined,
    verifyOnly: false,
    findUser: undefined,
    claims: undefined,
    usernameField: 'username',
    usernameMaxLength: 255,
    loginFields: {},
    loginResponse: undefined,
    sessionOptions: undefined,
    accessTokenLifetime: 300_000,
    refreshTokenLifetime: 86_400_000,
    sessionLifetime: 30 * 86_400_000,
    rotateRefreshTokens: true,
    reuseInterval: 10_000,
    replayFrom: 'anywhere',
    adoptRefreshTokens: false,
    userIdClaim: 'user_id',
    issuer: undefined,
    audience: undefined,
    leeway: 0,
    revocation: 'list',
    revocationInterval: 1000,
    verificationCache: 10_000,
    rateLimit: {
      loginPerAddress: 30, loginPerUsername: 5, refreshPerAddress: 300, refreshPerSession: 300
    },
    cookie: false,
    prefix: '/api/token',
    paths: {},
    guardByDefault: false,
    extractToken: undefined,
    realm: 'api',
    resourceMetadata: undefined,
    namespace: undefined,
    onEvent: undefined,
    onSessionEnded: undefined
  })
})

t.test('the default clock follows fake timers', async t => {
  const { now } = resolve({})
  t.after(() => { mock.timers.reset() })
  mock.timers.enable({ apis: ['Date'], now: 1_795_348_800_000 })
  t.equal(now(), 1_795_348_800_000)
})

t.test('a default lifetime gives way to a shorter limit', async t => {
  t.match(resolve({ sessionLifetime: '1m' }),
    { accessTokenLifetime: 60_000, refreshTokenLifetime: 60_000, sessionLifetime: 60_000 })
  t.match(resolve({ refreshTokenLifetime: '2m' }),
    { accessTokenLifetime: 120_000, refreshTokenLifetime: 120_000 })
})

t.test('each registration has a memory store of its own', async t => {
  t.not(resolve({}).store, resolve({}).store)
})

t.test('values are brought into one form', async t => {
  t.equal(resolve({ prefix: '/auth/' }).prefix, '/auth')
  t.equal(resolve({ realm: 'the "staff" \\ others' }).realm, 'the \\"staff\\" \\\\ others')
  t.equal(resolve({ accessTokenLifetime: 60 }).accessTokenLifetime, 60_000)
  t.same(resolve({ rateLimit: { loginPerAddress: 1 } }).rateLimit, {
    loginPerAddress: 1,
    loginPerUsername: 5,
    refreshPerAddress: 300,
    refreshPerSession: 300
  })
  t.equal(resolve({ rateLimit: false }).rateLimit, false)
})

t.test('a namespace needs a prefix of its own', async t => {
  t.throws(() => resolve({ namespace: 'staff' }), {
    message: 'option "prefix" is required with "namespace"'
  })
  t.equal(resolve({ namespace: 'staff', prefix: '/staff/token' }).namespace, 'staff')
})

t.test('secret, keys and jwksUrl exclude each other, and one is required', async t => {
  const jwksUrl = 'https://issuer.example/'
  const keys = [{ algorithm: 'HS256', secret: SECRET }]
  t.throws(() => resolve({ keys }), { message: 'option "keys" excludes "secret"' })
  t.throws(() => resolve({ jwksUrl }), { message: 'option "jwksUrl" excludes "secret" and "keys"' })
  t.throws(() => resolve({ secret: undefined, keys, jwksUrl }), {
    message: 'option "jwksUrl" excludes "secret" and "keys"'
  })
  t.throws(() => resolve({ secret: undefined }), { message: 'option "secret" is required' })
  t.equal(resolve({ secret: undefined, keys }).keys.length, 1)
})

/** Those of a server that only verifies. */
const VERIFYING: [string, object][] = [
  ['a public key', { keys: [publicInputOf('ES256')] }],
  ['jwksUrl', { jwksUrl: 'https://issuer.example/' }]
]

t.test('without a key that can sign tokens are only verified', async t => {
  for (const [what, keys] of VERIFYING) {
    t.match(resolveOptions(keys), { verifyOnly: true, findUser: undefined }, what)
  }
  for (const algorithm of EVERY) {
    t.equal(
      resolve({
        secret: undefined,
        keys: [publicInputOf('EdDSA', 'public'), inputOf(algorithm)].slice(
          algorithm === 'EdDSA' ? 1 : 0
        )
      }).verifyOnly,
      false,
      algorithm
    )
  }
  const { keys, jwksUrl } = resolveOptions({ jwksUrl: 'https://issuer.example/' })
  t.same([keys, jwksUrl?.href], [[], 'https://issuer.example/'])
})

t.test('verifyCredentials: is rejected in verify-only mode and optional otherwise', async t => {
  for (const [what, keys] of VERIFYING) {
    for (const verifyCredentials of [() => null, null, 'x']) {
      t.throws(
        () => resolveOptions({ ...keys, verifyCredentials } as SimpleJwtOptions),
        {
          name: 'TypeError',
          message: 'option "verifyCredentials" is not allowed in verify-only mode (no signing key).'
        },
        what
      )
    }
    t.equal(resolveOptions({ ...keys, verifyCredentials: undefined }).verifyCredentials, undefined)
  }
  t.equal(resolveOptions({ secret: SECRET }).verifyCredentials, undefined)
})

t.test('options of the login route need verifyCredentials', async t => {
  for (const [name, options] of [
    ['loginFields', { loginFields: {} }],
    ['sessionOptions', { sessionOptions: () => ({}) }],
    ['paths.obtain', { paths: { obtain: '/login' } }]
  ] as const) {
    t.throws(() => resolveOptions({ secret: SECRET, ...options }), {
      message: `option "${name}" is for the login route, which needs "verifyCredentials".`
    })
    t.doesNotThrow(() => resolve(options))
  }
  t.doesNotThrow(() => resolveOptions({ secret: SECRET, paths: { obtain: false, verify: '/v' } }))
})

t.test('a namespace needs no prefix in verify-only mode', async t => {
  for (const [what, keys] of VERIFYING) {
    t.match(
      resolveOptions({ ...keys, namespace: 'staff' }),
      { namespace: 'staff', verifyOnly: true },
      what
    )
  }
  t.throws(
    () =>
      resolveOptions({
        ...REQUIRED,
        secret: undefined,
        keys: [inputOf('ES256')],
        namespace: 'staff'
      }),
    { message: 'option "prefix" is required with "namespace"' }
  )
})

t.test('the result is frozen and the caller\'s object is as it was', async t => {
  const given = Object.freeze({
    ...REQUIRED,
    prefix: '/auth/',
    rateLimit: Object.freeze({ loginPerAddress: 1 })
  })
  const before = JSON.stringify(given)
  const resolved = resolveOptions(given)
  t.equal(JSON.stringify(given), before)
  t.ok(Object.isFrozen(resolved))
  t.ok(Object.isFrozen(resolved.rateLimit))
  t.throws(() => { (resolved as { prefix: string }).prefix = '/' }, TypeError)
})
