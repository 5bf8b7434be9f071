import * as client from 'openid-client'
import t from 'tap'
import { jtiOf } from '../fixtures/clients/token-client.ts'
import { goThrough } from '../fixtures/oauth/person.ts'
import {
  type OAuthServer, SECRET_OF_PRINTER, SECRET_OF_REPORT, WEB_CALLBACK, openOAuthServer
} from '../fixtures/oauth/server.ts'
import type { Test } from '../fixtures/servers/home.ts'
import { decode } from '../fixtures/tokens/jwt.ts'

type Tokens = client.TokenEndpointResponse & client.TokenEndpointResponseHelpers

/** Returns what a promise rejects with. */
const rejection = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(() => undefined, (error: unknown) => error)

const discover = (url: string, id: string, secret: string, auth?: client.ClientAuth) =>
  client.discovery(new URL(url), id, secret, auth,
    { algorithm: 'oauth2', execute: [client.allowInsecureRequests] })

interface Login extends OAuthServer {
  config: client.Configuration
  /** The URL that the browser came back with. */
  callback: URL
  /** Exchanges the code of the callback. */
  exchange(): Promise<Tokens>
  /** Returns the status of `GET /photos/`. */
  photos(access: string): Promise<number>
}

/** Sends vitor to the server, who allows or denies. */
async function logIn (t: Test, allow = true, auth?: client.ClientAuth): Promise<Login> {
  const server = await openOAuthServer(t)
  const config = await discover(server.url, 'photo-printer', SECRET_OF_PRINTER, auth)
  const pkceCodeVerifier = client.randomPKCECodeVerifier()
  const expectedState = client.randomState()
  const target = client.buildAuthorizationUrl(config, {
    redirect_uri: WEB_CALLBACK,
    scope: 'photos:read',
    code_challenge: await client.calculatePKCECodeChallenge(pkceCodeVerifier),
    code_challenge_method: 'S256',
    state: expectedState
  })
  const callback = await goThrough(target, { allow })
  return {
    ...server,
    config,
    callback,
    exchange: () =>
      client.authorizationCodeGrant(config, callback, { pkceCodeVerifier, expectedState }),
    photos: async access => (await client.fetchProtectedResource(
      config, access, new URL('/photos/', server.url), 'GET'
    ).catch(error => ({ status: error.status as number }))).status
  }
}

t.test('openid-client: discovers the server by RFC 8414', async t => {
  const { url } = await openOAuthServer(t)
  const metadata = (await discover(url, 'photo-printer', SECRET_OF_PRINTER)).serverMetadata()
  t.equal(metadata.issuer, url)
  t.equal(metadata.supportsPKCE(), true)
  t.equal(metadata.authorization_response_iss_parameter_supported, true)
})

for (const [name, auth] of Object.entries({
  client_secret_basic: client.ClientSecretBasic, client_secret_post: client.ClientSecretPost
})) {
  t.test(`openid-client: logs in with PKCE, state and ${name}`, async t => {
    const { exchange, photos, url } = await logIn(t, true, auth(SECRET_OF_PRINTER))
    const tokens = await exchange()
    t.match(tokens, { token_type: 'bearer', expires_in: 300, scope: 'photos:read' })
    t.type(tokens.refresh_token, 'string')
    t.match(decode(tokens.access_token), {
      header: { typ: 'at+jwt', alg: 'ES256' },
      payload: { iss: url, aud: `${url}/api`, sub: '1', client_id: 'photo-printer' }
    })
    t.equal(await photos(tokens.access_token), 200)
  })
}

t.test('openid-client: refreshes, and three refreshes at once get one successor', async t => {
  const { config, exchange, photos, clock, count } = await logIn(t)
  const first = await exchange()
  const refresh = (tokens: Tokens) => client.refreshTokenGrant(config, tokens.refresh_token ?? '')
  clock.advance(1000)
  const second = await refresh(first)
  t.not(second.refresh_token, first.refresh_token)
  t.equal(second.scope, 'photos:read')
  t.equal(await photos(second.access_token), 200)

  const three = await Promise.all([refresh(second), refresh(second), refresh(second)])
  t.equal(new Set(three.map(tokens => jtiOf(tokens.refresh_token ?? ''))).size, 1)
  for (const { access_token: access } of three) t.equal(await photos(access), 200)
  t.equal(count('reuse_detected'), 0)
})

t.test('openid-client: a spent refresh token revokes the session of the app', async t => {
  const { config, exchange, photos, clock, count } = await logIn(t)
  const first = await exchange()
  const second = await client.refreshTokenGrant(config, first.refresh_token ?? '')
  clock.advance(60_000)
  const replay = client.refreshTokenGrant(config, first.refresh_token ?? '')
  t.match(await rejection(replay), { error: 'invalid_grant', status: 400 })
  t.equal(count('reuse_detected'), 1)
  t.equal(await photos(second.access_token), 401)
  const last = client.refreshTokenGrant(config, second.refresh_token ?? '')
  t.match(await rejection(last), { error: 'invalid_grant' })
})

t.test('openid-client: a replayed code is refused, and revokes the tokens', async t => {
  const { config, exchange, photos, count } = await logIn(t)
  const tokens = await exchange()
  t.equal(await photos(tokens.access_token), 200)
  t.match(await rejection(exchange()), { error: 'invalid_grant', status: 400 })
  t.equal(count('reuse_detected'), 1)
  t.equal(await photos(tokens.access_token), 401)
  const refresh = client.refreshTokenGrant(config, tokens.refresh_token ?? '')
  t.match(await rejection(refresh), { error: 'invalid_grant' })
})

t.test('openid-client: reports the denial of the user', async t => {
  const { exchange, url, callback, count } = await logIn(t, false)
  t.equal(callback.searchParams.get('iss'), url)
  t.match(await rejection(exchange()), { error: 'access_denied' })
  t.equal(count('authorization_denied'), 1)
})

t.test('openid-client: refuses an answer of another issuer', async t => {
  const { exchange, callback } = await logIn(t)
  callback.searchParams.set('iss', 'https://evil.example')
  t.match(await rejection(exchange()), { cause: { message: /unexpected "iss"/ } })
})

t.test('openid-client: gets a token by client credentials', async t => {
  const { url } = await openOAuthServer(t)
  const config = await discover(url, 'nightly-report', SECRET_OF_REPORT)
  const tokens = await client.clientCredentialsGrant(config, { scope: 'reports:write' })
  t.equal(tokens.scope, 'reports:write')
  t.equal(tokens.refresh_token, undefined)
  const send = (path: string, method: string) =>
    client.fetchProtectedResource(config, tokens.access_token, new URL(path, url), method)
  t.same(await (await send('/reports/', 'POST')).json(), { client_id: 'nightly-report' })
  t.match(await rejection(send('/hello/', 'GET')), { status: 401 })

  const wrong = await discover(url, 'nightly-report', `${SECRET_OF_REPORT}x`)
  t.match(await rejection(client.clientCredentialsGrant(wrong)),
    { code: 'OAUTH_WWW_AUTHENTICATE_CHALLENGE', status: 401 })
})
