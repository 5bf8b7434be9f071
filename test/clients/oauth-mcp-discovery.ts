import {
  type OAuthClientProvider, auth, discoverOAuthProtectedResourceMetadata, discoverOAuthServerInfo,
  extractWWWAuthenticateParams, selectResourceURL
} from '@modelcontextprotocol/sdk/client/auth.js'
import * as oauth from 'oauth4webapi'
import t from 'tap'
import { goThrough } from '../fixtures/oauth/person.ts'
import { callResource, openProtectedServer } from '../fixtures/oauth/resource-server.ts'
import { LOOPBACK_CALLBACK } from '../fixtures/oauth/server.ts'
import { decode } from '../fixtures/tokens/jwt.ts'

const CALLBACK = LOOPBACK_CALLBACK.replace('127.0.0.1', '127.0.0.1:53219')
const FILES = 'https://files.example/api'

/** A program that keeps what the library saves. It knows no scope. */
function createProvider (issuer: string) {
  const saved: { target?: URL, verifier?: string, access?: string } = {}
  const provider: OAuthClientProvider = {
    redirectUrl: CALLBACK,
    clientMetadata: { redirect_uris: [CALLBACK] },
    clientInformation: () => ({ client_id: 'terminal', issuer }),
    tokens: () => undefined,
    saveTokens: tokens => { saved.access = tokens.access_token },
    redirectToAuthorization: target => { saved.target = target },
    saveCodeVerifier: verifier => { saved.verifier = verifier },
    codeVerifier: () => saved.verifier as string
  }
  return { provider, saved }
}

t.test('MCP SDK: finds the metadata and the scopes in a challenge', async t => {
  const { resource, metadataUrl } = await openProtectedServer(t)
  const found = extractWWWAuthenticateParams(await callResource(resource))
  t.equal(found.resourceMetadataUrl?.href, metadataUrl)
  t.same([found.scope, found.error], ['photos:read', undefined])
  const refused = extractWWWAuthenticateParams(await callResource(resource, 'x'))
  t.equal(refused.resourceMetadataUrl?.href, metadataUrl)
  t.same([refused.scope, refused.error], ['photos:read', 'invalid_token'])
})

t.test('MCP SDK: finds the authorization server by the metadata of the resource', async t => {
  const { url, resource, metadataUrl } = await openProtectedServer(t)
  const expected = {
    resource,
    authorization_servers: [url],
    scopes_supported: ['photos:read', 'photos:write', 'reports:write'],
    bearer_methods_supported: ['header']
  }
  t.same(await discoverOAuthProtectedResourceMetadata(resource), expected, 'by the well-known path')
  const metadata = await discoverOAuthProtectedResourceMetadata(
    resource, { resourceMetadataUrl: metadataUrl })
  t.same(metadata, expected, 'by the challenge')
  const { provider } = createProvider(url)
  t.equal((await selectResourceURL(resource, provider, metadata))?.href, resource)
  const info = await discoverOAuthServerInfo(resource)
  t.match(info, { authorizationServerUrl: url, authorizationServerMetadata: { issuer: url } })
})

t.test('MCP SDK: logs in by nothing but the URL of the resource and a client id', async t => {
  const { url, resource } = await openProtectedServer(t, { resources: [FILES] })
  const { provider, saved } = createProvider(url)
  const { resourceMetadataUrl, scope } = extractWWWAuthenticateParams(await callResource(resource))
  const given = {
    serverUrl: resource,
    ...(resourceMetadataUrl !== undefined && { resourceMetadataUrl }),
    ...(scope !== undefined && { scope })
  }
  t.equal(await auth(provider, given), 'REDIRECT')
  t.match(Object.fromEntries((saved.target as URL).searchParams), {
    resource, scope: 'photos:read', client_id: 'terminal'
  })
  const callback = await goThrough(saved.target as URL)
  const authorizationCode = callback.searchParams.get('code') ?? ''
  t.equal(await auth(provider, { ...given, authorizationCode }), 'AUTHORIZED')
  t.match(decode(saved.access as string).payload, { aud: resource, scope: 'photos:read' })
  t.equal((await callResource(resource, saved.access)).status, 200)
})

t.test('oauth4webapi: reads the metadata of the resource, and no other', async t => {
  const { url, resource } = await openProtectedServer(t)
  const identifier = new URL(resource)
  const options = { [oauth.allowInsecureRequests]: true }
  const metadata = await oauth.processResourceDiscoveryResponse(
    identifier, await oauth.resourceDiscoveryRequest(identifier, options))
  t.match(metadata, { resource, authorization_servers: [url] })
  await t.rejects(oauth.processResourceDiscoveryResponse(
    new URL(`${url}/other`), await oauth.resourceDiscoveryRequest(identifier, options)))
})

t.test('oauth4webapi: reads the challenge of the resource', async t => {
  const { resource, metadataUrl } = await openProtectedServer(t)
  const error = await oauth.protectedResourceRequest('x', 'POST', new URL(resource), undefined,
    undefined, { [oauth.allowInsecureRequests]: true }).catch((error: unknown) => error)
  t.ok(error instanceof oauth.WWWAuthenticateChallengeError)
  t.match((error as oauth.WWWAuthenticateChallengeError).cause, [{
    scheme: 'bearer',
    parameters: {
      realm: 'api', error: 'invalid_token', scope: 'photos:read', resource_metadata: metadataUrl
    }
  }])
})
