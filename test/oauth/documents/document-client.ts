import fc from 'fast-check'
import t from 'tap'
import type { Client } from '../../../plugin/oauth/clients.ts'
import { documentClient } from '../../../plugin/oauth/documents/document-client.ts'
import { documentOf } from '../../fixtures/oauth/document-host.ts'

const URL_OF_APP = 'https://app.example/client.json'
const SCOPES = ['openid', 'photos:read']

const read = (members: Record<string, unknown> = {}): Client | string =>
  documentClient(URL_OF_APP, documentOf(URL_OF_APP, members), SCOPES)

t.test('documentClient: returns a public client that nothing vouches for', async t => {
  const given = {
    id: URL_OF_APP,
    name: 'Photo Frame',
    redirectUris: ['https://frame.example/callback', 'http://127.0.0.1/callback'],
    grants: ['authorization_code', 'refresh_token']
  }
  t.same(read(), {
    ...given,
    secretHash: undefined,
    grants: new Set(given.grants),
    scopes: SCOPES,
    trusted: false,
    introspects: false,
    fromDocument: true,
    uri: undefined,
    given
  })
})

t.test('documentClient: ignores members that would give the client more', async t => {
  const client = read({
    trusted: true,
    introspects: true,
    secretHash: 'sha256:x',
    scope: 'admin',
    scopes: ['admin'],
    grants: ['client_credentials'],
    grant_types: ['authorization_code', 'client_credentials', 'password'],
    logo_uri: 'https://app.example/logo.png',
    jwks_uri: 'https://app.example/jwks.json'
  }) as Client
  t.match(client, {
    trusted: false, introspects: false, secretHash: undefined, scopes: SCOPES, fromDocument: true
  })
  t.same([...client.grants], ['authorization_code'])
})

t.test('documentClient: gives a refresh token only to a client that names it', async t => {
  const grantsOf = (members: object): string[] =>
    [...(read(members as Record<string, unknown>) as Client).grants]
  t.same(grantsOf({ grant_types: undefined }), ['authorization_code'])
  t.same(grantsOf({ grant_types: ['authorization_code'] }), ['authorization_code'])
  t.same(grantsOf({ grant_types: ['refresh_token', 'authorization_code'] }),
    ['authorization_code', 'refresh_token'])
})

t.test('documentClient: takes a client with a key pair that can do without', async t => {
  for (const members of [
    { token_endpoint_auth_method: undefined },
    {
      token_endpoint_auth_method: 'private_key_jwt',
      token_endpoint_auth_methods_supported: ['private_key_jwt', 'none']
    }
  ]) t.type(read(members), 'object')
})

t.test('documentClient: leaves out redirect URIs that the server does not take', async t => {
  const { redirectUris } = read({
    redirect_uris: [
      'frame://callback', 'https://frame.example/callback', 42, 'javascript:alert(1)',
      'http://frame.example/callback', 'https://frame.example/callback', 'https://*.example/',
      'com.example.frame:/callback', 'https://frame.example/#fragment', null
    ]
  }) as Client
  t.same(redirectUris, ['https://frame.example/callback', 'com.example.frame:/callback'])
})

t.test('documentClient: keeps a home page of the same origin only', async t => {
  const uriOf = (uri: unknown): unknown => (read({ client_uri: uri }) as Client).uri
  t.equal(uriOf('https://app.example/about'), 'https://app.example/about')
  t.equal((read({ client_uri: 'https://app.example/' }) as Client).given.uri,
    'https://app.example/')
  for (const uri of [
    'https://bank.example/', 'http://app.example/', 'https://app.example:8443/',
    'https://app.example.evil.example/', 'javascript:alert(1)', 'com.example.app:/', '', 42, null
  ]) t.equal(uriOf(uri), undefined, String(uri))
})

const REFUSED: Record<string, [members: Record<string, unknown>, reason: RegExp]> = {
  'another client_id': [{ client_id: 'https://app.example/other.json' }, /"client_id" is not/],
  'a client_id in another spelling': [
    { client_id: 'https://APP.example/client.json' }, /"client_id" is not/
  ],
  'a client_id in a list': [{ client_id: [URL_OF_APP] }, /"client_id" is not/],
  'no client_id': [{ client_id: undefined }, /"client_id" is not/],
  'no client_name': [{ client_name: undefined }, /"client_name"/],
  'an empty client_name': [{ client_name: ' ' }, /"client_name"/],
  'a long client_name': [{ client_name: 'a'.repeat(201) }, /"client_name"/],
  'a client_name that turns the text': [{ client_name: 'Bank\u202Egpj' }, /"client_name"/],
  'a client_name with a line break': [{ client_name: 'Bank\nis trusted' }, /"client_name"/],
  'a client_name that is no text': [{ client_name: { en: 'Bank' } }, /"client_name"/],
  'a client_secret': [{ client_secret: 'secret' }, /"client_secret"/],
  'an empty client_secret': [{ client_secret: '' }, /"client_secret"/],
  'a secret for the token endpoint': [
    { token_endpoint_auth_method: 'client_secret_basic' }, /"token_endpoint_auth_method"/
  ],
  'a key pair only': [
    {
      token_endpoint_auth_method: 'private_key_jwt',
      token_endpoint_auth_methods_supported: ['private_key_jwt']
    },
    /"token_endpoint_auth_method"/
  ],
  'methods that are no list': [
    {
      token_endpoint_auth_method: 'private_key_jwt', token_endpoint_auth_methods_supported: 'none'
    },
    /"token_endpoint_auth_method"/
  ],
  'no redirect_uris': [{ redirect_uris: undefined }, /"redirect_uris"/],
  'redirect_uris that are no list': [{ redirect_uris: 'https://a.example/' }, /"redirect_uris"/],
  'redirect_uris of which none is usable': [
    { redirect_uris: ['http://a.example/'] }, /"redirect_uris"/
  ],
  'another grant': [{ grant_types: ['client_credentials'] }, /authorization_code/],
  'grant_types that are no list': [{ grant_types: 'authorization_code' }, /authorization_code/],
  'another response type': [{ response_types: ['token'] }, /authorization_code/]
}
for (const [name, [members, reason]] of Object.entries(REFUSED)) {
  t.test(`documentClient: refuses ${name}`, async t => {
    t.match(read(members), reason)
  })
}

t.test('documentClient: refuses a document that is no object', async t => {
  for (const document of [null, [], [documentOf(URL_OF_APP)], 'text', 42, true]) {
    t.equal(documentClient(URL_OF_APP, document, SCOPES), 'The document is not a JSON object.')
  }
})

t.test('documentClient: no document makes a client that is trusted, or throws', async t => {
  const member = fc.oneof(
    fc.constantFrom('client_name', 'redirect_uris', 'grant_types', 'response_types', 'client_uri',
      'token_endpoint_auth_method', 'token_endpoint_auth_methods_supported', '__proto__',
      'trusted', 'secretHash', 'constructor'),
    fc.string()
  )
  fc.assert(fc.property(fc.dictionary(member, fc.jsonValue()), members => {
    const document = JSON.parse(JSON.stringify(documentOf(URL_OF_APP, members)))
    const client = documentClient(URL_OF_APP, document, SCOPES)
    if (typeof client === 'string') return
    t.match(client, {
      id: URL_OF_APP, trusted: false, introspects: false, secretHash: undefined, scopes: SCOPES
    })
    t.notOk(client.grants.has('client_credentials'))
    t.ok(client.redirectUris.every(uri => /^(https:|http:\/\/127|com\.)/.test(uri)))
  }), { numRuns: 1000 })
})
