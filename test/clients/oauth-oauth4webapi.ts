import * as oauth from 'oauth4webapi'
import t from 'tap'
import { OPENID_SCOPES, openProvider } from '../fixtures/oauth/openid-provider.ts'
import { authorizeUrl, goThrough } from '../fixtures/oauth/person.ts'
import {
  type OAuthServer, SECRET_OF_API, SECRET_OF_REPORT, openOAuthServer
} from '../fixtures/oauth/server.ts'
import type { Test } from '../fixtures/servers/home.ts'

const REPORTS = 'https://reports.example/api'
/** A port that no redirect URI names. */
const CALLBACK = 'http://127.0.0.1:53219/callback'
const TERMINAL = { client_id: 'terminal' }
const STATE = 'a-state-of-the-terminal'
const insecure = { [oauth.allowInsecureRequests]: true }

async function discover (
  { url }: OAuthServer, algorithm: 'oauth2' | 'oidc' = 'oauth2'
): Promise<oauth.AuthorizationServer> {
  const issuer = new URL(url)
  const reply = await oauth.discoveryRequest(issuer, { algorithm, ...insecure })
  return oauth.processDiscoveryResponse(issuer, reply)
}

interface Login extends OAuthServer {
  as: oauth.AuthorizationServer
  tokens: oauth.TokenEndpointResponse
  /** The answer that had the tokens. */
  reply: Response
}

/** A request for a resource, or for an ID token. */
interface Asked { resource?: string, scope?: string, nonce?: string }

/** Logs vitor in at a public client. The library expects an ID token only with a nonce. */
async function logIn (t: Test, { resource, scope, nonce }: Asked = {}): Promise<Login> {
  const server = await openProvider(t, { oauth: { resources: [REPORTS] } })
  const as = await discover(server, nonce === undefined ? 'oauth2' : 'oidc')
  const verifier = oauth.generateRandomCodeVerifier()
  const challenge = await oauth.calculatePKCECodeChallenge(verifier)
  const target = authorizeUrl(server.url, { verifier, challenge }, {
    client_id: TERMINAL.client_id,
    redirect_uri: CALLBACK,
    state: STATE,
    resource,
    nonce,
    ...(scope !== undefined && { scope })
  })
  const parameters = oauth.validateAuthResponse(as, TERMINAL, await goThrough(target), STATE)
  const reply = await oauth.authorizationCodeGrantRequest(
    as, TERMINAL, oauth.None(), parameters, CALLBACK, verifier,
    { ...insecure, ...(resource !== undefined && { additionalParameters: { resource } }) }
  )
  const tokens = await oauth.processAuthorizationCodeResponse(as, TERMINAL, reply,
    nonce === undefined ? {} : { expectedNonce: nonce, requireIdToken: true })
  return { ...server, as, tokens, reply }
}

/** A resource server by a library of others: checks an access token by RFC 9068. */
const validate = (as: oauth.AuthorizationServer, access: string, audience: string) =>
  oauth.validateJwtAccessToken(as,
    new Request('http://127.0.0.1/', { headers: { authorization: `Bearer ${access}` } }),
    audience, insecure)

t.test('oauth4webapi: discovers the server by RFC 8414, and by its OpenID path', async t => {
  const server = await openOAuthServer(t)
  const as = await discover(server)
  t.equal(as.issuer, server.url)
  t.match(as, {
    response_types_supported: ['code'],
    code_challenge_methods_supported: ['S256'],
    authorization_response_iss_parameter_supported: true
  })
  t.strictSame(await discover(server, 'oidc'), as)
})

t.test('oauth4webapi: a public client logs in on an unregistered loopback port', async t => {
  const { as, tokens, url, audience } = await logIn(t)
  t.match(tokens, { token_type: 'bearer', scope: 'photos:read' })
  t.match(await validate(as, tokens.access_token, audience), {
    iss: url, sub: '1', aud: audience, client_id: 'terminal', scope: 'photos:read'
  })
  const photos = await oauth.protectedResourceRequest(
    tokens.access_token, 'GET', new URL('/photos/', url), undefined, undefined, insecure
  )
  t.same(await photos.json(), { user_id: '1', client_id: 'terminal' })
})

t.test('oauth4webapi: a public client refreshes without a secret', async t => {
  const { as, tokens, audience } = await logIn(t)
  const reply = await oauth.refreshTokenGrantRequest(
    as, TERMINAL, oauth.None(), String(tokens.refresh_token), insecure
  )
  const next = await oauth.processRefreshTokenResponse(as, TERMINAL, reply)
  t.not(next.refresh_token, tokens.refresh_token)
  t.match(await validate(as, next.access_token, audience), { client_id: 'terminal' })
})

t.test('oauth4webapi: a token for a resource is for that resource only', async t => {
  const { as, tokens, url, audience } = await logIn(t, { resource: REPORTS })
  t.match(await validate(as, tokens.access_token, REPORTS), { aud: REPORTS })
  await t.rejects(validate(as, tokens.access_token, audience), { message: /aud/ })
  const photos = await fetch(`${url}/photos/`,
    { headers: { authorization: `Bearer ${tokens.access_token}` } })
  t.equal(photos.status, 401, 'our own guard has another audience')
})

t.test('oauth4webapi: RFC 9068 accepts a token of client credentials', async t => {
  const server = await openOAuthServer(t)
  const as = await discover(server)
  const report = { client_id: 'nightly-report' }
  const reply = await oauth.clientCredentialsGrantRequest(
    as, report, oauth.ClientSecretBasic(SECRET_OF_REPORT), { scope: 'reports:write' }, insecure
  )
  const { access_token: access } =
    await oauth.processClientCredentialsResponse(as, report, reply)
  t.match(await validate(as, access, server.audience), {
    sub: 'nightly-report', client_id: 'nightly-report', scope: 'reports:write'
  })
})

t.test('oauth4webapi: RFC 9068 refuses the tokens of a login and of a refresh', async t => {
  const { as, tokens, login, audience } = await logIn(t)
  const { access } = await login()
  for (const token of [access, String(tokens.refresh_token)]) {
    await t.rejects(validate(as, token, audience), oauth.OperationProcessingError)
  }
})

t.test('oauth4webapi: a public client gets an ID token and userinfo', async t => {
  const nonce = oauth.generateRandomNonce()
  const { as, tokens, reply, url, clock } = await logIn(t, { scope: OPENID_SCOPES, nonce })
  t.match(oauth.getValidatedIdTokenClaims(tokens), {
    iss: url, sub: '1', aud: 'terminal', nonce, auth_time: clock() / 1000
  })
  await oauth.validateApplicationLevelSignature(as, reply, insecure)

  const userinfo = await oauth.userInfoRequest(as, TERMINAL, tokens.access_token, insecure)
  t.same(await oauth.processUserInfoResponse(as, TERMINAL, '1', userinfo),
    { sub: '1', email: 'vitor@example.com' })
  await t.rejects(validate(as, String(tokens.id_token), `${url}/api`),
    oauth.OperationProcessingError, 'an ID token is no access token')
})

t.test('oauth4webapi: a resource server introspects, until the app revokes', async t => {
  const { as, tokens } = await logIn(t)
  const api = { client_id: 'photo-api' }
  const introspect = async (): Promise<oauth.IntrospectionResponse> => {
    const reply = await oauth.introspectionRequest(
      as, api, oauth.ClientSecretBasic(SECRET_OF_API), tokens.access_token, insecure
    )
    return oauth.processIntrospectionResponse(as, api, reply)
  }
  t.match(await introspect(), { active: true, sub: '1', client_id: 'terminal' })
  const reply = await oauth.revocationRequest(
    as, TERMINAL, oauth.None(), tokens.access_token, insecure
  )
  t.equal(await oauth.processRevocationResponse(reply), undefined)
  t.same(await introspect(), { active: false })
})
