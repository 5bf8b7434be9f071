import t from 'tap'
import { openOpenIdServer } from '../../fixtures/oauth/relying-party.ts'
import { inputOf } from '../../fixtures/tokens/keys.ts'

// The document of OpenID Connect Discovery, with the name of the Config OP plan of the suite.

/** The members that a server must have (OpenID Connect Discovery section 3), and more. */
const LISTS: Record<string, string[]> = {
  response_types_supported: ['code'],
  subject_types_supported: ['public'],
  id_token_signing_alg_values_supported: ['RS256'],
  grant_types_supported: ['authorization_code', 'refresh_token'],
  scopes_supported: ['openid', 'profile', 'email'],
  claims_supported: ['iss', 'sub', 'aud', 'exp', 'iat', 'auth_time', 'nonce'],
  code_challenge_methods_supported: ['S256']
}

t.test('OIDCCDiscoveryEndpointVerification: the document names what the server does', async t => {
  const { url, first: { metadata } } = await openOpenIdServer(t, {
    core: { keys: [inputOf('RS256')] }
  })
  const reply = await fetch(`${url}/.well-known/openid-configuration`)
  t.equal(reply.status, 200)
  t.match(reply.headers.get('content-type'), /^application\/json\b/)
  t.equal(metadata.issuer, url)
  for (const name of ['authorization', 'token', 'userinfo']) {
    t.match(metadata[`${name}_endpoint`], new RegExp(`^${url}/`), name)
  }
  for (const [name, values] of Object.entries(LISTS)) {
    const list = metadata[name] as string[]
    t.same(values.filter(value => !list.includes(value)), [], name)
    t.equal(new Set(list).size, list.length)
  }
  // A scope is of the characters of RFC 6749 section 3.3.
  for (const scope of metadata.scopes_supported as string[]) {
    t.match(scope, /^[\x21\x23-\x5B\x5D-\x7E]+$/)
  }
  t.notOk(Object.values(metadata).includes(null), 'no member is null')
  const { keys } = await (await fetch(metadata.jwks_uri)).json() as { keys: object[] }
  t.match(keys, [{ kty: 'RSA', alg: 'RS256', kid: /./ }])
  t.notOk(keys.some(key => 'd' in key), 'the keys are public')
})
