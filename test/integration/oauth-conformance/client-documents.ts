import t from 'tap'
import { type DocumentApp, openDocumentApp } from '../../fixtures/oauth/document-app.ts'
import { serveDocuments } from '../../fixtures/oauth/document-host.ts'
import { goThrough } from '../../fixtures/oauth/person.ts'
import { LOOPBACK_CALLBACK, PRINTER, WEB_CALLBACK } from '../../fixtures/oauth/server.ts'
import { PRINTER_BASIC, exchangeForm, requestToken } from '../../fixtures/oauth/token-request.ts'

// Sections are of "Client Registration" in the authorization specification of MCP, 2026-07-28.

/** Logs a user in for an app with a redirect URI. Returns the answer of the token endpoint. */
async function connect (
  { url, audience, verifier, ask }: DocumentApp, client: string, redirectUri: string,
  authorization: string | null = null
) {
  const callback = await goThrough(
    ask({ client_id: client, redirect_uri: redirectUri, scope: undefined, resource: audience }))
  t.equal(callback.origin + callback.pathname, redirectUri)
  const code = String(callback.searchParams.get('code'))
  return requestToken(url, {
    ...exchangeForm(code, verifier),
    ...(authorization === null && { client_id: client }),
    redirect_uri: redirectUri,
    resource: audience
  }, authorization)
}

t.test('MCP "Example Metadata Document": such a client logs a user in', async t => {
  const place = await openDocumentApp(t, {
    listener: serveDocuments({
      client_name: 'Example MCP Client',
      redirect_uris: ['http://127.0.0.1:3000/callback', 'http://localhost:3000/callback'],
      grant_types: ['authorization_code'],
      response_types: ['code'],
      token_endpoint_auth_method: 'none'
    })
  })
  for (const redirectUri of ['http://127.0.0.1:3000/callback', 'http://localhost:3000/callback']) {
    const { status, body } = await connect(place, place.client, redirectUri)
    t.equal(status, 200)
    t.equal(body.token_type, 'Bearer')
    t.notOk('refresh_token' in body, 'a grant that the document does not have')
  }
})

t.test('MCP "Implementation Requirements": a client with a key pair may do without', async t => {
  const redirectUri = 'https://chat.example/connector/oauth/1'
  const place = await openDocumentApp(t, {
    listener: serveDocuments({
      client_name: 'Chat',
      client_uri: 'https://chat.example/',
      logo_uri: 'https://cdn.example/logo.png',
      redirect_uris: [redirectUri],
      grant_types: [
        'authorization_code', 'refresh_token', 'urn:ietf:params:oauth:grant-type:jwt-bearer'
      ],
      response_types: ['code', 'id_token'],
      token_endpoint_auth_method: 'private_key_jwt',
      token_endpoint_auth_methods_supported: ['none', 'private_key_jwt'],
      token_endpoint_auth_signing_alg: 'RS256',
      jwks_uri: 'https://chat.example/jwks.json'
    })
  })
  const { status, body } = await connect(place, place.client, redirectUri)
  t.equal(status, 200)
  t.type(body.refresh_token, 'string')
})

/** Documents that the server must not take a client from. */
const REFUSED: Record<string, Record<string, unknown>> = {
  'the client_id of another URL': { client_id: 'https://attacker.example/client.json' },
  'no client_id': { client_id: undefined },
  'no client_name': { client_name: undefined },
  'no redirect_uris': { redirect_uris: undefined },
  'the redirect URI of another app': { redirect_uris: ['https://attacker.example/callback'] }
}

for (const [name, members] of Object.entries(REFUSED)) {
  t.test(`MCP "Implementation Requirements": a document with ${name} is refused`, async t => {
    const { ask } = await openDocumentApp(t, { listener: serveDocuments(members) })
    const reply = await fetch(ask(), { redirect: 'manual' })
    t.equal(reply.status, 400)
    t.equal(reply.headers.get('location'), null)
    t.match(await reply.json(), { error: 'invalid_request', error_description: /\w/ })
  })
}

t.test('MCP "Pre-registration": a registered client logs in beside such apps', async t => {
  const place = await openDocumentApp(t, { clients: [PRINTER] })
  const { status } = await connect(place, PRINTER.id, WEB_CALLBACK, PRINTER_BASIC)
  t.equal(status, 200)
  t.equal((await connect(place, place.client, LOOPBACK_CALLBACK)).status, 200)
})

t.test('MCP "Advertising CIMD Support": documents, and no dynamic registration', async t => {
  const { url } = await openDocumentApp(t)
  const reply = await fetch(`${url}/.well-known/oauth-authorization-server`)
  const metadata = await reply.json() as object
  t.match(metadata, { client_id_metadata_document_supported: true })
  t.notOk('registration_endpoint' in metadata)
})
