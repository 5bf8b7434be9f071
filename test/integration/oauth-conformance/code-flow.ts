import t from 'tap'
import { authorizeUrl, goThrough, obtainCode } from '../../fixtures/oauth/person.ts'
import { createPkce } from '../../fixtures/oauth/pkce.ts'
import { LOOPBACK_CALLBACK, WEB_CALLBACK, openOAuthServer } from '../../fixtures/oauth/server.ts'
import { exchangeForm, requestToken } from '../../fixtures/oauth/token-request.ts'

// The files of this folder have the cases of the conformance tests of
// cloudflare/workers-oauth-provider, by RFC and section. Left out are the cases of what the server
// does not have: dynamic registration (RFC 7591) and client ID metadata documents.

t.test('RFC 8414 section 2: the metadata names the endpoints and their features', async t => {
  const { url } = await openOAuthServer(t)
  const reply = await fetch(`${url}/.well-known/oauth-authorization-server`)
  t.equal(reply.status, 200)
  t.match(reply.headers.get('content-type'), /^application\/json\b/)
  const metadata = await reply.json() as Record<string, unknown>
  t.match(metadata, {
    issuer: url,
    authorization_endpoint: `${url}/oauth/authorize`,
    token_endpoint: `${url}/oauth/token`,
    jwks_uri: `${url}/.well-known/jwks.json`,
    response_types_supported: ['code'],
    grant_types_supported: ['authorization_code', 'refresh_token', 'client_credentials'],
    token_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post', 'none'],
    code_challenge_methods_supported: ['S256'],
    authorization_response_iss_parameter_supported: true
  })
  // Without dynamic registration the member is absent, and not null.
  t.notOk('registration_endpoint' in metadata)
})

t.test('RFC 6749 section 4.1: a public client gets tokens with S256', async t => {
  const { url } = await openOAuthServer(t)
  const pkce = createPkce()
  const request = { client_id: 'terminal', redirect_uri: 'http://127.0.0.1:53219/callback' }
  const callback = await goThrough(authorizeUrl(url, pkce, request))
  t.equal(callback.origin + callback.pathname, request.redirect_uri)
  t.same([...callback.searchParams.keys()].sort(), ['code', 'iss', 'state'])
  t.equal(callback.searchParams.get('state'), 'a-state-of-the-app')
  t.equal(callback.searchParams.get('iss'), url)

  const code = callback.searchParams.get('code') ?? ''
  const { status, headers, body } = await requestToken(
    url, { ...exchangeForm(code, pkce.verifier), ...request }, null)
  t.equal(status, 200)
  t.match(headers.get('content-type'), /^application\/json\b/)
  t.equal(headers.get('cache-control'), 'no-store')
  t.equal(headers.get('pragma'), 'no-cache')
  t.match(body, { token_type: 'Bearer', expires_in: 300, scope: 'photos:read' })
  const photos = await fetch(`${url}/photos/`, {
    headers: { authorization: `Bearer ${body.access_token}` }
  })
  t.equal(photos.status, 200)
  t.same(await photos.json(), { user_id: '1', client_id: 'terminal' })
})

t.test('RFC 6749 section 2: a registered confidential client gets tokens', async t => {
  const { url } = await openOAuthServer(t)
  const pkce = createPkce()
  const code = await obtainCode(url, pkce)
  t.equal((await requestToken(url, exchangeForm(code, pkce.verifier))).status, 200)
})

t.test('RFC 6749 section 3.1.2.4: no redirect to an unregistered URI', async t => {
  const { url } = await openOAuthServer(t)
  const uri = 'https://attacker.example/callback'
  const reply = await fetch(authorizeUrl(url, createPkce(), { redirect_uri: uri }),
    { redirect: 'manual' })
  t.equal(reply.status, 400)
  t.equal(reply.headers.get('location'), null)
  t.match(await reply.json(), { error: 'invalid_request', error_description: /redirect_uri/ })
})

t.test('RFC 6749 section 4.1.2.1: no redirect for an unknown client', async t => {
  const { url } = await openOAuthServer(t)
  const reply = await fetch(authorizeUrl(url, createPkce(), { client_id: 'unknown-client' }),
    { redirect: 'manual' })
  t.equal(reply.status, 400)
  t.equal(reply.headers.get('location'), null)
  t.match(await reply.json(), { error: 'invalid_request', error_description: /client_id/ })
})

t.test('RFC 6749 section 4.1.3: a wrong redirect_uri spends no code', async t => {
  const { url } = await openOAuthServer(t)
  const pkce = createPkce()
  const form = exchangeForm(await obtainCode(url, pkce), pkce.verifier)
  for (const uri of ['https://attacker.example/callback', LOOPBACK_CALLBACK]) {
    const refused = await requestToken(url, { ...form, redirect_uri: uri })
    t.match(refused, { status: 400, body: { error: 'invalid_grant' } }, uri)
  }
  t.equal((await requestToken(url, { ...form, redirect_uri: WEB_CALLBACK })).status, 200)
})

t.test('RFC 9207 sections 2 and 3: an answer has the announced iss once', async t => {
  const { url } = await openOAuthServer(t)
  const metadata = await (await fetch(`${url}/.well-known/oauth-authorization-server`)).json()
  t.match(metadata, { issuer: url, authorization_response_iss_parameter_supported: true })
  const callback = await goThrough(authorizeUrl(url, createPkce()))
  t.same(callback.searchParams.getAll('iss'), [url])
})

const REFUSALS = { 'denied by the user': {}, 'of a bad request': { response_type: 'token' } }

for (const [name, parameters] of Object.entries(REFUSALS)) {
  t.test(`RFC 9207 section 2: an error ${name} has the iss and the state once`, async t => {
    const { url } = await openOAuthServer(t)
    const { searchParams } = await goThrough(
      authorizeUrl(url, createPkce(), parameters), { allow: false })
    t.match(searchParams.get('error'), /^(access_denied|unsupported_response_type)$/)
    t.same(searchParams.getAll('error').length, 1)
    t.same(searchParams.getAll('state'), ['a-state-of-the-app'])
    t.same(searchParams.getAll('iss'), [url])
    t.notOk(searchParams.has('code'))
  })
}
