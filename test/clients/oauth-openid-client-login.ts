import * as client from 'openid-client'
import t from 'tap'
import { OPENID_SCOPES, openProvider } from '../fixtures/oauth/openid-provider.ts'
import { goThrough } from '../fixtures/oauth/person.ts'
import {
  type OAuthServer, SECRET_OF_API, SECRET_OF_PRINTER, WEB_CALLBACK
} from '../fixtures/oauth/server.ts'
import type { Test } from '../fixtures/servers/home.ts'
import { inputOf } from '../fixtures/tokens/keys.ts'

type Tokens = client.TokenEndpointResponse & client.TokenEndpointResponseHelpers

/** Discovers a server by its OpenID configuration. The library checks the signature too. */
const discover = (url: string, id: string, secret: string): Promise<client.Configuration> =>
  client.discovery(new URL(url), id, secret, undefined,
    { execute: [client.allowInsecureRequests, client.enableNonRepudiationChecks] })

interface Login extends OAuthServer {
  config: client.Configuration
  /** Exchanges the code, and checks the ID token against the nonce, if it is not another one. */
  exchange(expectedNonce?: string): Promise<Tokens>
}

/** Sends vitor to the server with a nonce and `max_age`. He allows. */
async function logIn (t: Test, algorithm: 'ES256' | 'RS256' = 'ES256'): Promise<Login> {
  const server = await openProvider(t, { core: { keys: [inputOf(algorithm)] } })
  const config = await discover(server.url, 'photo-printer', SECRET_OF_PRINTER)
  const pkceCodeVerifier = client.randomPKCECodeVerifier()
  const [expectedState, nonce] = [client.randomState(), client.randomNonce()]
  const callback = await goThrough(client.buildAuthorizationUrl(config, {
    redirect_uri: WEB_CALLBACK,
    scope: OPENID_SCOPES,
    code_challenge: await client.calculatePKCECodeChallenge(pkceCodeVerifier),
    code_challenge_method: 'S256',
    state: expectedState,
    nonce,
    max_age: '600'
  }))
  const exchange = (expectedNonce = nonce): Promise<Tokens> =>
    client.authorizationCodeGrant(config, callback, {
      pkceCodeVerifier, expectedState, expectedNonce, maxAge: 600, idTokenExpected: true
    })
  return { ...server, config, exchange }
}

for (const algorithm of ['ES256', 'RS256'] as const) {
  t.test(`openid-client: validates an ID token, ${algorithm}`, async t => {
    const { config, exchange, clock, url } = await logIn(t, algorithm)
    t.match(config.serverMetadata().id_token_signing_alg_values_supported, [algorithm])
    const tokens = await exchange()
    t.equal(tokens.scope, OPENID_SCOPES)
    t.match(tokens.claims(), {
      iss: url, sub: '1', aud: 'photo-printer', auth_time: clock() / 1000, nonce: String
    })
  })
}

t.test('openid-client: refuses an ID token with another nonce', async t => {
  const { exchange } = await logIn(t)
  await t.rejects(exchange('another'), { cause: { message: /nonce/ } })
})

t.test('openid-client: reads userinfo of the same sub', async t => {
  const { config, exchange } = await logIn(t)
  const { access_token: access } = await exchange()
  t.same(await client.fetchUserInfo(config, access, '1'),
    { sub: '1', email: 'vitor@example.com' })
  await t.rejects(client.fetchUserInfo(config, access, '3'), { cause: { message: /sub/ } })
})

t.test('openid-client: a resource server introspects, until the app revokes', async t => {
  const { config, exchange, url, audience } = await logIn(t)
  const { access_token: access, refresh_token: refresh = '' } = await exchange()
  const resource = await discover(url, 'photo-api', SECRET_OF_API)
  t.match(await client.tokenIntrospection(resource, access), {
    active: true, sub: '1', aud: audience, client_id: 'photo-printer', scope: OPENID_SCOPES
  })
  t.same(await client.tokenIntrospection(resource, refresh), { active: false })

  await client.tokenRevocation(config, refresh)
  t.same(await client.tokenIntrospection(resource, access), { active: false })
  await t.rejects(client.refreshTokenGrant(config, refresh), client.ResponseBodyError)
})
