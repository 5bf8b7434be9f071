import t from 'tap'
import type { OAuthOptions } from '../../plugin/oauth/options.ts'
import { requireKeyPair, resolveOAuthOptions } from '../../plugin/oauth/resolve-options.ts'
import { resolveOptions } from '../../plugin/resolve-options.ts'
import { generateKey } from '../../plugin/keys/generate-key.ts'
import { resolveKeys } from '../../plugin/keys/key-options.ts'
import { refuse } from '../../plugin/option-checks.ts'
import { DAY, MINUTE, SECOND, SECRET } from '../fixtures/app.ts'
import { messageOf } from '../fixtures/refused.ts'

const privateKey = generateKey('ES256')
const { d, ...publicKey } = generateKey('EdDSA')
const VERIFIER = { algorithm: 'EdDSA', publicKey }
const PAIR = { algorithm: 'ES256' as const, privateKey }
const AUDIENCE = 'https://example.com/api'
const CORE = {
  keys: [PAIR], issuer: 'https://example.com', audience: AUDIENCE, verifyCredentials: () => null
}
const PRINTER = {
  id: 'photo-printer', name: 'Photo Printer', redirectUris: ['https://a.example/cb']
}
const GIVEN = {
  interactionUrl: '/connect', scopes: { 'photos:read': 'See your photos' }, clients: [PRINTER]
}

const resolve = (changes: object = {}, core: object = {}) =>
  resolveOAuthOptions(
    { ...GIVEN, ...changes } as OAuthOptions, resolveOptions({ ...CORE, ...core }))
const refusal = (changes: object): string => messageOf(() => resolve(changes))
const refusalOfCore = (core: object): string => messageOf(() => resolve({}, core))

t.test('the defaults', async t => {
  const { findClient, scopes, ...options } = resolve()
  t.strictSame(options, {
    interactionUrl: '/connect',
    allowDocument: undefined,
    resources: [AUDIENCE],
    claims: undefined,
    userinfo: undefined,
    loggedIn: undefined,
    codeLifetime: MINUTE,
    refreshTokenLifetime: 30 * DAY,
    grantLifetime: 90 * DAY,
    prefix: '/oauth',
    namespace: undefined,
    rateLimit: 300
  })
  t.same([...scopes], [['openid', 'Know who you are'], ['photos:read', 'See your photos']])
  t.match(await findClient('photo-printer'), { scopes: ['openid', 'photos:read'], given: PRINTER })
  const names = [
    'metadataDocuments', 'resources', 'claims', 'userinfo', 'loggedIn', 'codeLifetime', 'prefix',
    'namespace', 'rateLimit'
  ]
  const undefinedOptions = Object.fromEntries(names.map(name => [name, undefined]))
  t.strictSame(
    { ...resolve(undefinedOptions), findClient, scopes }, { ...options, findClient, scopes })
})

t.test('the given options, checked and in milliseconds', async t => {
  const claims = () => ({})
  const options = resolve({
    resources: ['https://example.com/mcp', 'urn:example:photos'],
    claims,
    userinfo: claims,
    loggedIn: () => null,
    scopes: { openid: 'Know your number', 'photos:read': 'See your photos' },
    codeLifetime: '10m',
    refreshTokenLifetime: 3600,
    grantLifetime: '1h',
    prefix: '/auth/',
    namespace: 'staff',
    rateLimit: false
  })
  t.match(options, {
    resources: [AUDIENCE, 'https://example.com/mcp', 'urn:example:photos'],
    claims: Function,
    userinfo: Function,
    loggedIn: Function,
    codeLifetime: 10 * MINUTE,
    refreshTokenLifetime: 60 * MINUTE,
    grantLifetime: 60 * MINUTE,
    prefix: '/auth',
    namespace: 'staff',
    rateLimit: false
  })
  t.equal(options.scopes.get('openid'), 'Know your number')
  t.throws(() => { Object.assign(options, { prefix: '/x' }) }, TypeError)
})

t.test('a default lifetime gives way to a shorter grantLifetime', async t => {
  t.match(resolve({ grantLifetime: '30s' }), {
    codeLifetime: 30 * SECOND, refreshTokenLifetime: 30 * SECOND, grantLifetime: 30 * SECOND
  })
})

t.test('metadataDocuments: off, on, or as allow() says', async t => {
  const allowed = (metadataDocuments: unknown): unknown =>
    resolve({ metadataDocuments }).allowDocument?.('app.example')
  t.equal(allowed(false), undefined)
  t.equal(allowed(true), true)
  t.equal(allowed({ allow: (host: string) => host === 'app.example' }), true)
  t.equal(allowed({ allow: (host: string) => host !== 'app.example' }), false)
  for (const answer of [undefined, 'yes', Promise.resolve(true)]) {
    t.throws(() => allowed({ allow: () => answer }), new TypeError(
      'fastify-simplejwt/oauth: metadataDocuments.allow() must return true or false.'))
  }
  const thrown = { allow: () => { throw null } } // eslint-disable-line no-throw-literal
  t.throws(() => allowed(thrown), Error)
})

t.test('a throw of claims() is an Error', async t => {
  const claims = () => { throw null } // eslint-disable-line no-throw-literal
  t.throws(() => resolve({ claims }).claims?.({ id: 1 } as never, {} as never), Error)
})

t.test('each refusal is a TypeError that names the option of this plugin', async t => {
  t.throws(() => resolve({ scope: {} }), new TypeError(
    'fastify-simplejwt/oauth: option "scope" is not known. Remove it, or check its spelling.'))
  const cases: [string, RegExp, object[]][] = [
    ['interactionUrl', /^must be the path of your page/, [
      undefined, null, '', 'connect', './connect', '//evil.example/', '/\\evil.example/', '/a\\b',
      '/connect#x', '/con nect', '/connect\n', '/cönnect', 'https://evil.example/connect',
      'https://example.com', 'https://example.com.evil.example/', 'https://example.com@evil.example/',
      'https://example.com:8443/connect', 'https://example.com//evil.example/', 'http://example.com/',
      'https://example.com/#x', 'javascript:alert(1)', `/${'a'.repeat(2000)}`, 1
    ].map(interactionUrl => ({ interactionUrl }))],
    ['scopes', /^must be an object with a text for each scope/,
      [undefined, null, [], ['photos:read'], 'photos:read', {}].map(scopes => ({ scopes }))],
    ["scopes['a b']", /^must have a name of printable ASCII/, [{ scopes: { 'a b': 'x' } }]],
    ["scopes['']", /^must have a name of printable ASCII/, [{ scopes: { '': 'x' } }]],
    ["scopes['é']", /^must have a name of printable ASCII/, [{ scopes: { a: 'x', é: 'x' } }]],
    ["scopes['a']", /^must be the text that the consent page shows\.$/,
      ['', ' ', 1, null, undefined].map(a => ({ scopes: { a } }))],
    ['clients', /^must have at least one client/, [{ clients: undefined }]],
    ['clients[0].scopes[0]', /^must be a name in the option "scopes"\.$/,
      [{ clients: [{ ...PRINTER, scopes: ['admin'] }] }]],
    ['findClient', /^must be a function\.$/, [{ findClient: {} }]],
    ['metadataDocuments', /^must be true, false or \{ allow: host => boolean \}\.$/, [
      null, 'on', [], {}, { allow: true }, { allow: ['app.example'] }
    ].map(metadataDocuments => ({ metadataDocuments }))],
    ['metadataDocuments.deny', /^is not known/,
      [{ metadataDocuments: { allow: () => true, deny: [] } }]],
    ['resources', /^must be an array of URIs\.$/, [{ resources: null }, { resources: AUDIENCE }]],
    ['resources[0]', /^must be a URI without a fragment/, [
      '', 'photos', '/api', 'https://a.example/#x', 'https://a.example/ x', 'https://é.example', 1,
      `https://a.example/${'a'.repeat(500)}`
    ].map(resource => ({ resources: [resource] }))],
    ['resources[1]', /^must be unique\.$/, [{ resources: ['urn:a:b', 'urn:a:b'] }]],
    ['resources[0]', /^is the "audience" of fastify-simplejwt\./, [{ resources: [AUDIENCE] }]],
    ['claims', /^must be a function\.$/, [{ claims: {} }, { claims: null }]],
    ['userinfo', /^must be a function\.$/, [{ userinfo: {} }, { userinfo: null }]],
    ['loggedIn', /^must be a function\.$/, [{ loggedIn: true }, { loggedIn: null }]],
    ['codeLifetime', /from 1 to 600 seconds\.$/,
      [0, '601s', '11m', null, '60', -1].map(codeLifetime => ({ codeLifetime }))],
    ['codeLifetime', /^must be at most "grantLifetime"\.$/, [{ codeLifetime: 60, grantLifetime: 59 }]],
    ['refreshTokenLifetime', /from 1 to 31622400 seconds\.$/,
      [{ refreshTokenLifetime: '367d', grantLifetime: '400d' }, { refreshTokenLifetime: 0.5 }]],
    ['refreshTokenLifetime', /^must be at most "grantLifetime"\.$/, [{ refreshTokenLifetime: '91d' }]],
    ['grantLifetime', /from 1 to \d+ seconds\.$/, [{ grantLifetime: 0 }, { grantLifetime: '200 years' }]],
    ['prefix', /^must be a path/, ['', '/', 'oauth', '//x', '/a b', '/:id', null].map(prefix => ({ prefix }))],
    ['namespace', /^must be the namespace of the first plugin/, ['', 'Staff', null, 1].map(namespace =>
      ({ namespace }))],
    ['rateLimit', /^must be false or a whole number/,
      [0, -1, 1.5, true, null, '300', Infinity, {}].map(rateLimit => ({ rateLimit }))]
  ]
  for (const [name, rule, changes] of cases) {
    const start = `fastify-simplejwt/oauth: option "${name}" `
    for (const change of changes) {
      const message = refusal(change)
      t.ok(message.startsWith(start), message)
      t.match(message.slice(start.length), rule, JSON.stringify(change))
    }
  }
})

t.test('interactionUrl: a path, or a URL of the issuer', async t => {
  for (const interactionUrl of [
    '/connect', '/', '/connect/?a=b', '/a//b', 'https://example.com/connect', 'https://example.com/?a'
  ]) t.equal(resolve({ interactionUrl }).interactionUrl, interactionUrl)
  const core = { issuer: 'http://127.0.0.1:8000/auth' }
  const interactionUrl = 'http://127.0.0.1:8000/connect'
  t.equal(resolve({ interactionUrl }, core).interactionUrl, interactionUrl)
})

t.test('the first plugin has an issuer that other servers can compare', async t => {
  for (const issuer of [
    'https://example.com', 'https://example.com:8443', 'https://example.com/tenant/a',
    'http://localhost:8000', 'http://127.0.0.1:8000', 'http://[::1]:8000/auth'
  ]) t.ok(resolve({}, { issuer }), issuer)
  for (const issuer of [
    undefined, 'me', 'https://example.com/', 'https://example.com/a/', 'https://example.com?',
    'https://example.com/a?b', 'https://example.com#', 'https://example.com/#a', 'http://example.com',
    'https://user@example.com', 'https://Example.com', 'HTTPS://example.com', 'https:example.com',
    'https://example.com:443', 'https://example.com/a/../b', 'https://example.com\\a', '//example.com',
    ' https://example.com', 'https://example.com/a b', 'com.example.app:/a', 'urn:example:a'
  ]) {
    t.match(refusalOfCore({ issuer }), /^fastify-simplejwt\/oauth: needs the option "issuer" of fastify-simplejwt: an https URL/)
  }
})

t.test('the first plugin has an audience, and signs', async t => {
  t.match(refusalOfCore({ audience: undefined }), /^fastify-simplejwt\/oauth: needs the option "audience" of fastify-simplejwt: /)
  t.same(resolve({}, { audience: 'api' }).resources, ['api'])
  t.match(refusalOfCore({ audience: PRINTER.id }), /"clients\[0\]\.id" is the "audience"/)
  for (const core of [{ keys: [VERIFIER] }, { keys: undefined, jwksUrl: 'https://a.example/jwks' }]) {
    t.match(refusalOfCore({ ...core, verifyCredentials: undefined }), /^fastify-simplejwt\/oauth: needs a signing key, and fastify-simplejwt has none\./)
  }
})

t.test('the user id is not under the name of a claim that tokens of apps have', async t => {
  for (const userIdClaim of ['scope', 'resource', 'auth_time']) {
    t.equal(refusalOfCore({ userIdClaim }), 'fastify-simplejwt/oauth: needs another ' +
      `"userIdClaim" than '${userIdClaim}', which is another claim in the tokens of apps. ` +
      "Choose a name such as 'user_id' or 'sub'.")
  }
  for (const userIdClaim of ['sub', 'user_id', 'id']) t.ok(resolve({}, { userIdClaim }))
})

const NEEDS_PAIR = 'fastify-simplejwt/oauth: needs a key pair: apps and other services cannot ' +
  'check an HS256 token. Create one with "npx fastify-simplejwt keygen ES256".'

t.test('the first key that signs is a pair', async t => {
  const hs = { algorithm: 'HS256', secret: SECRET }
  t.equal(refusalOfCore({ keys: undefined, secret: SECRET }), NEEDS_PAIR)
  t.equal(refusalOfCore({ keys: [hs, PAIR] }), NEEDS_PAIR)
  t.ok(resolve({}, { keys: [PAIR, hs] }))
  t.equal(refusalOfCore({ keys: [VERIFIER, hs, PAIR] }), NEEDS_PAIR)
  t.throws(() => requireKeyPair(resolveKeys({ keys: [hs] }, refuse)), new TypeError(NEEDS_PAIR))
  t.doesNotThrow(() => requireKeyPair(resolveKeys({ keys: [VERIFIER] }, refuse)))
})
