import { type OAuthClientProvider, auth } from '@modelcontextprotocol/sdk/client/auth.js'
import type {
  OAuthClientInformationMixed, OAuthTokens
} from '@modelcontextprotocol/sdk/shared/auth.js'
import t from 'tap'
import { CALLBACK, openDocumentApp } from '../fixtures/oauth/document-app.ts'
import { goThrough } from '../fixtures/oauth/person.ts'
import { decode } from '../fixtures/tokens/jwt.ts'

t.test('MCP SDK: logs in with a metadata document, without a registration', async t => {
  const { url, client, host, clock, audience } = await openDocumentApp(t)
  const saved: {
    client?: OAuthClientInformationMixed, target?: URL, verifier?: string, tokens?: OAuthTokens
  } = {}
  const provider: OAuthClientProvider = {
    redirectUrl: CALLBACK,
    clientMetadataUrl: client,
    clientMetadata: { redirect_uris: [CALLBACK] },
    clientInformation: () => saved.client,
    saveClientInformation: information => { saved.client = information },
    tokens: () => saved.tokens,
    saveTokens: tokens => { saved.tokens = tokens },
    redirectToAuthorization: target => { saved.target = target },
    saveCodeVerifier: verifier => { saved.verifier = verifier },
    codeVerifier: () => saved.verifier as string
  }
  t.equal(await auth(provider, { serverUrl: url }), 'REDIRECT')
  t.match(saved.client, { client_id: client }, 'the metadata tells the library that it may')
  t.equal(saved.target?.searchParams.get('client_id'), client)

  const callback = await goThrough(saved.target as URL)
  const authorizationCode = callback.searchParams.get('code') as string
  t.equal(await auth(provider, { serverUrl: url, authorizationCode }), 'AUTHORIZED')
  const first = saved.tokens as OAuthTokens
  t.match(decode(first.access_token).payload, { aud: audience, client_id: client })

  clock.advance(1000)
  t.equal(await auth(provider, { serverUrl: url }), 'AUTHORIZED', 'with the refresh token')
  t.not(saved.tokens?.access_token, first.access_token)
  t.same(host.requests, ['/client.json'])
})
