import t from 'tap'
import { newSecret, parseSecretHash } from '../../plugin/oauth/client-secrets.ts'
import { isClientId, resolveClient } from '../../plugin/oauth/clients.ts'
import { messageOf } from '../fixtures/refused.ts'

const { hash } = newSecret()
const SCOPES = ['photos:read', 'reports:write']
const PRINTER = { id: 'photo-printer', name: 'Photo Printer', redirectUris: ['https://a.example/cb'] }

const refuse = (name: string, rule: string): never => { throw new TypeError(`${name} ${rule}`) }
const resolve = (given: unknown) => resolveClient('it', given, SCOPES, refuse)
/** The refusal of a client that differs from a good one. */
const refusal = (changes: object): string => messageOf(() => resolve({ ...PRINTER, ...changes }))

t.test('resolveClient: fills in the defaults', async t => {
  const client = resolve(PRINTER)
  t.strictSame(client, {
    id: 'photo-printer',
    name: 'Photo Printer',
    secretHash: undefined,
    redirectUris: ['https://a.example/cb'],
    grants: new Set(['authorization_code', 'refresh_token']),
    scopes: SCOPES,
    trusted: false,
    introspects: false,
    fromDocument: false,
    uri: undefined,
    given: PRINTER
  })
  t.equal(client.given, PRINTER)
  const undefinedMembers = {
    secretHash: undefined,
    grants: undefined,
    scopes: undefined,
    trusted: undefined,
    introspects: undefined,
    uri: undefined
  }
  t.strictSame({ ...resolve({ ...PRINTER, ...undefinedMembers }), given: PRINTER }, client)
})

t.test('resolveClient: keeps what is given, and no array of the host', async t => {
  const given = {
    ...PRINTER,
    secretHash: hash,
    grants: ['client_credentials', 'authorization_code'],
    scopes: ['reports:write'],
    trusted: true,
    introspects: true,
    uri: 'https://a.example/'
  }
  const client = resolve(given)
  given.redirectUris.push('https://evil.example/')
  given.scopes.push('photos:read')
  given.grants.push('refresh_token')
  PRINTER.redirectUris.pop()
  t.strictSame({ ...client, given: undefined }, {
    id: 'photo-printer',
    name: 'Photo Printer',
    secretHash: parseSecretHash(hash),
    redirectUris: ['https://a.example/cb'],
    grants: new Set(['client_credentials', 'authorization_code']),
    scopes: ['reports:write'],
    trusted: true,
    introspects: true,
    fromDocument: false,
    uri: 'https://a.example/',
    given: undefined
  })
  t.throws(() => { Object.assign(client, { trusted: false }) }, TypeError)
  for (const list of [client.redirectUris, client.scopes]) t.ok(Object.isFrozen(list))
})

t.test('resolveClient: a client of a machine needs no URI', async t => {
  const machine = {
    id: 'nightly-report', name: 'Nightly Report', secretHash: hash, grants: ['client_credentials']
  }
  t.match(resolve(machine), { redirectUris: [], grants: new Set(['client_credentials']) })
})

t.test('isClientId: 3 to 100 characters, the first a letter, and no UUID', async t => {
  for (const id of ['abc', 'Photo-Printer_2.0', 'a--', `a${'1'.repeat(99)}`, 'constructor']) {
    t.equal(isClientId(id), true, id)
  }
  const bad = [
    'ab', `a${'1'.repeat(100)}`, '1abc', '-abc', '_abc', '__proto__', '', 'a b', 'abc ', 'abc\n',
    'ab:c', 'ab/c', 'ab%63', 'abcé', 'ab\u212a', '12345', 'ab"c', "ab'--",
    'a3bb189e-8bf9-3888-9912-ace4e6543002', 'A3BB189E-8BF9-3888-9912-ACE4E6543002',
    undefined, null, 123, {}, ['abc']
  ]
  for (const id of bad) t.equal(isClientId(id), false, String(id))
})

t.test('resolveClient: names the member and its rule', async t => {
  for (const other of [undefined, null, 'photo-printer', 1, [], () => {}]) {
    t.equal(messageOf(() => resolve(other)), 'it must be an object.')
  }
  const cases: [RegExp, object[]][] = [
    [/^it\.redirectURIs is not known\. Remove it, or check its spelling\.$/,
      [{ redirectURIs: [] }]],
    [/^it\.secret is not known/, [{ secret: 'x' }]],
    [/^it\.id must be 3 to 100 characters of .*, and not a UUID\.$/,
      [{ id: undefined }, { id: 'a' }, { id: 1234 }]],
    [/^it\.name must be a text of 1 to 200 characters/, [
      { name: undefined }, { name: null }, { name: '' }, { name: ' ' },
      { name: 'a\nb' }, { name: 7 }, { name: 'a\u202eb' }, { name: '\u200b' }, { name: 'a\u2028b' },
      { name: 'a'.repeat(201) }, { name: 'a\ud800' }, { name: 'a\x9b' }
    ]],
    [/^it\.secretHash must be "sha256:" and 43 characters, as "npx /, [
      { secretHash: '' }, { secretHash: null }, { secretHash: newSecret().secret },
      { secretHash: false }
    ]],
    [/^it\.redirectUris must be an array of URIs\.$/,
      [{ redirectUris: null }, { redirectUris: 'https://a.example/cb' }, { redirectUris: {} }]],
    [/^it\.redirectUris\[1\] must be an https URL/,
      [{ redirectUris: ['https://a.example/cb', 'http://a.example/cb'] }]],
    [/^it\.redirectUris\[0\] must be a string\.$/,
      [{ redirectUris: [null] }, { redirectUris: new Array(1) }]],
    [/^it\.redirectUris\[1\] must be unique\.$/,
      [{ redirectUris: ['https://a.example/cb', 'https://a.example/cb'] }]],
    [/^it\.redirectUris must have at least one URI for the grant authorization_code\.$/,
      [{ redirectUris: [] }, { redirectUris: undefined }]],
    [/^it\.grants must be an array of at least one of the grants\.$/,
      [{ grants: [] }, { grants: null }, { grants: 'authorization_code' }]],
    [/^it\.grants\[1\] must be one of: authorization_code, refresh_token, client_credentials\.$/,
      ['password', 'implicit'].map(grant => ({ grants: ['authorization_code', grant] }))],
    [/^it\.grants\[1\] must be unique\.$/,
      [{ grants: ['authorization_code', 'authorization_code'] }]],
    [/^it\.grants has client_credentials, which needs a "secretHash"\.$/,
      [['authorization_code', 'client_credentials'], ['client_credentials']].map(grants =>
        ({ grants }))],
    [/^it\.grants has refresh_token, which needs authorization_code\.$/,
      [['refresh_token'], ['client_credentials', 'refresh_token']].map(grants =>
        ({ secretHash: hash, grants }))],
    [/^it\.scopes must be an array of at least one of the names in the option "scopes"\.$/,
      [{ scopes: [] }, { scopes: null }, { scopes: 'photos:read' }]],
    [/^it\.scopes\[1\] must be a name in the option "scopes"\.$/,
      [{ scopes: ['photos:read', 'admin'] }, { scopes: ['photos:read', null] }]],
    [/^it\.scopes\[1\] must be unique\.$/, [{ scopes: ['photos:read', 'photos:read'] }]],
    [/^it\.trusted must be true or false\.$/, [{ trusted: null }, { trusted: 1 }, { trusted: 'no' }]],
    [/^it\.introspects must be true or false\.$/, [{ introspects: null }, { introspects: 1 }]],
    [/^it\.introspects must be false for a client without a secret\.$/, [{ introspects: true }]],
    [/^it\.uri must be an https URL/, [
      { uri: 'http://a.example/' }, { uri: 'javascript:alert(1)' }, { uri: 'com.example.app:/' },
      { uri: null }, { uri: '' }, { uri: '/home' }, { uri: 'https://user@a.example/' }
    ]]
  ]
  const good = { ...PRINTER, redirectUris: ['https://a.example/cb'] }
  for (const [rule, changes] of cases) {
    for (const change of changes) t.match(refusal({ ...good, ...change }), rule)
  }
  t.ok(resolve({ ...good, uri: 'http://localhost:8002/' }))
})

t.test('resolveClient: only a resource server may have no grant', async t => {
  const server = { id: 'photo-api', name: 'Photo API', secretHash: hash, grants: [] }
  t.equal(resolve({ ...server, introspects: true }).grants.size, 0)
  t.match(messageOf(() => resolve(server)),
    /^it\.grants must be an array of at least one of the grants\.$/)
})

t.test('resolveClient: no app that another can pose as is trusted', async t => {
  const apps = ['http://127.0.0.1/cb', 'http://localhost:8002/cb', 'com.example.app:/cb']
  for (const uri of apps) {
    const redirectUris = ['https://a.example/cb', uri]
    t.match(refusal({ redirectUris, trusted: true }), /^it\.trusted must be false for a client/, uri)
    t.equal(resolve({ ...PRINTER, redirectUris, trusted: true, secretHash: hash }).trusted, true)
    t.equal(resolve({ ...PRINTER, redirectUris }).trusted, false)
  }
  t.equal(
    resolve({ ...PRINTER, redirectUris: ['https://a.example/cb'], trusted: true }).trusted, true)
})

t.test('resolveClient: no refusal repeats a secret', async t => {
  const { secret } = newSecret()
  t.notOk(refusal({ secretHash: secret }).includes(secret))
})
