import {
  type OAuthClientProvider, auth, discoverAuthorizationServerMetadata
} from '@modelcontextprotocol/sdk/client/auth.js'
import {
  InvalidClientError, InvalidGrantError
} from '@modelcontextprotocol/sdk/server/auth/errors.js'
import type {
  OAuthClientInformationMixed, OAuthTokens
} from '@modelcontextprotocol/sdk/shared/auth.js'
import t from 'tap'
import { type Decision, goThrough } from '../fixtures/oauth/person.ts'
import {
  type OAuthServer, LOOPBACK_CALLBACK, SECRET_OF_PRINTER, SECRET_OF_REPORT, openOAuthServer
} from '../fixtures/oauth/server.ts'
import type { Test } from '../fixtures/servers/home.ts'
import { decode } from '../fixtures/tokens/jwt.ts'

const STATE = 'a-state-of-the-host'
/** A port that no redirect URI names. */
const CALLBACK = LOOPBACK_CALLBACK.replace('127.0.0.1', '127.0.0.1:53219')

/** A client that the operator has registered: the library cannot register itself. */
type Client = Pick<OAuthClientInformationMixed, 'client_id' | 'client_secret'>

const CLIENTS: Record<string, Client> = {
  'a public client': { client_id: 'terminal' },
  'a confidential client': { client_id: 'photo-printer', client_secret: SECRET_OF_PRINTER }
}

interface Host extends OAuthServer {
  /** All that the library has saved. */
  saved: { target?: URL, verifier?: string, tokens?: OAuthTokens }
  /** Begins, exchanges a code, or refreshes: the library decides. */
  connect(authorizationCode?: string): ReturnType<typeof auth>
  /** Goes through the login that the library has begun. Returns the URL of the answer. */
  answer(decision?: Decision): Promise<URL>
  /** Returns the status of `GET /photos/` with the access token that was saved. */
  photos(): Promise<number>
}

/** A program that keeps what the library saves, for one server. */
async function openHost (t: Test, client: Client, scope = 'photos:read'): Promise<Host> {
  const server = await openOAuthServer(t)
  const { url } = server
  const saved: Host['saved'] = {}
  const isInteractive = client.client_id !== 'nightly-report'
  const provider: OAuthClientProvider = {
    redirectUrl: isInteractive ? CALLBACK : undefined,
    clientMetadata: { redirect_uris: [CALLBACK], scope },
    state: () => STATE,
    clientInformation: () => ({ ...client, issuer: url }),
    tokens: () => saved.tokens,
    saveTokens: tokens => { saved.tokens = tokens },
    redirectToAuthorization: target => { saved.target = target },
    saveCodeVerifier: verifier => { saved.verifier = verifier },
    codeVerifier: () => saved.verifier as string,
    ...(!isInteractive && {
      prepareTokenRequest: () => new URLSearchParams({ grant_type: 'client_credentials', scope })
    })
  }
  return {
    ...server,
    saved,
    connect: authorizationCode => auth(provider,
      { serverUrl: url, ...(authorizationCode !== undefined && { authorizationCode }) }),
    answer: decision => goThrough(saved.target as URL, decision),
    photos: async () => (await fetch(`${url}/photos/`,
      { headers: { authorization: `Bearer ${saved.tokens?.access_token}` } })).status
  }
}

const codeOf = (answer: URL): string => String(answer.searchParams.get('code'))

t.test('MCP SDK: discovers the server by RFC 8414', async t => {
  const { url } = await openOAuthServer(t)
  t.match(await discoverAuthorizationServerMetadata(url), {
    issuer: url,
    token_endpoint: `${url}/oauth/token`,
    code_challenge_methods_supported: ['S256'],
    registration_endpoint: undefined
  })
})

for (const [name, client] of Object.entries(CLIENTS)) {
  t.test(`MCP SDK: ${name} logs in with PKCE and refreshes`, async t => {
    const { connect, answer, photos, saved, clock, count, url, audience } =
      await openHost(t, client)
    t.equal(await connect(), 'REDIRECT')
    t.match(Object.fromEntries((saved.target as URL).searchParams), {
      client_id: client.client_id, code_challenge_method: 'S256', scope: 'photos:read'
    })
    const callback = await answer()
    t.equal(callback.searchParams.get('state'), STATE)
    t.equal(callback.searchParams.get('iss'), url)
    t.equal(await connect(codeOf(callback)), 'AUTHORIZED')
    const first = saved.tokens as OAuthTokens
    t.match(first, { token_type: 'Bearer', scope: 'photos:read', expires_in: 300 })
    t.match(decode(first.access_token).payload, { aud: audience, client_id: client.client_id })
    t.equal(await photos(), 200)

    clock.advance(1000)
    t.equal(await connect(), 'AUTHORIZED', 'with the refresh token')
    t.not(saved.tokens?.refresh_token, first.refresh_token)
    t.not(saved.tokens?.access_token, first.access_token)
    t.equal(await photos(), 200)
    t.equal(count('refreshed'), 1)
  })
}

t.test('MCP SDK: a replayed code is refused, and revokes the tokens', async t => {
  const { connect, answer, photos, count } =
    await openHost(t, CLIENTS['a public client'] as Client)
  await connect()
  const code = codeOf(await answer())
  await connect(code)
  t.equal(await photos(), 200)
  await t.rejects(connect(code), InvalidGrantError)
  t.equal(count('reuse_detected'), 1)
  t.equal(await photos(), 401)
})

t.test('MCP SDK: the denial of the user gives no code', async t => {
  const { connect, answer } = await openHost(t, CLIENTS['a public client'] as Client)
  await connect()
  const { searchParams } = await answer({ allow: false })
  t.equal(searchParams.get('error'), 'access_denied')
  t.equal(searchParams.has('code'), false)
})

t.test('MCP SDK: gets a token by client credentials', async t => {
  const client = { client_id: 'nightly-report', client_secret: SECRET_OF_REPORT }
  const { connect, saved } = await openHost(t, client, 'reports:write')
  t.equal(await connect(), 'AUTHORIZED')
  t.match(saved.tokens, { scope: 'reports:write', refresh_token: undefined })
})

t.test('MCP SDK: a wrong secret is refused', async t => {
  const client = { client_id: 'nightly-report', client_secret: `${SECRET_OF_REPORT}x` }
  const { connect, saved } = await openHost(t, client, 'reports:write')
  await t.rejects(connect(), InvalidClientError)
  t.equal(saved.tokens, undefined)
})
