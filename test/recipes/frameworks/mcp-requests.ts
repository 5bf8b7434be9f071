import { type JWTHeaderParameters, SignJWT, decodeJwt, decodeProtectedHeader } from 'jose'
import t, { type Test } from 'tap'
import { createMcpHost } from '../../fixtures/oauth/mcp-host.ts'
import { goThrough, logIn } from '../../fixtures/oauth/person.ts'
import { bearer } from '../../fixtures/recipes/bearer.ts'
import {
  INSPECTOR, type McpApp, PHOTOS_OF_VITOR, openMcpApp
} from '../../fixtures/recipes/mcp-app.ts'

const TITLE = PHOTOS_OF_VITOR[0] as string

const callOf = (name: string, id = 1) =>
  ({ jsonrpc: '2.0', id, method: 'tools/call', params: { name, arguments: { title: TITLE } } })
const LIST = callOf('list_photos')

/** Posts to the MCP endpoint, as a program does. */
const post = (
  { url }: McpApp, body: unknown, headers: Record<string, string> = {}
): Promise<Response> => fetch(url, {
  method: 'POST',
  headers: {
    'content-type': 'application/json',
    accept: 'application/json, text/event-stream',
    ...headers
  },
  body: JSON.stringify(body)
})

/** Returns the access token of an app that vitor has allowed these scopes. */
async function tokenOfApp (t: Test, { url, origin }: McpApp, ...scopes: string[]): Promise<string> {
  const { saved, loginUrl, finish } = createMcpHost(t, url, {
    clientId: 'terminal', redirectUrl: 'http://127.0.0.1:53219/callback', issuer: origin
  })
  const target = await loginUrl()
  target.searchParams.set('scope', scopes.join(' '))
  await finish(await goThrough(target)).catch(() => {})
  return saved.tokens?.access_token as string
}

const challengeOf = ({ headers }: Response): string => headers.get('www-authenticate') ?? ''

t.test('MCP: a request without a token gets the way to the login', async t => {
  const app = await openMcpApp(t)
  const reply = await post(app, LIST)
  t.equal(reply.status, 401)
  const metadata = `${app.origin}/.well-known/oauth-protected-resource/mcp`
  t.match(challengeOf(reply), `resource_metadata="${metadata}"`)
  t.match(challengeOf(reply), 'scope="photos:read"')
  const document = await fetch(metadata)
  t.match(await document.json(), {
    resource: app.url,
    authorization_servers: [app.origin],
    scopes_supported: ['photos:read', 'photos:write']
  })
  const server = await fetch(`${app.origin}/.well-known/oauth-authorization-server`)
  t.match(await server.json(), { issuer: app.origin, client_id_metadata_document_supported: true })
})

t.test('MCP: a user may call all tools by the token of the own session', async t => {
  const app = await openMcpApp(t)
  const own = bearer(await logIn(app.origin))
  const reply = await post(app, LIST, own)
  t.equal(reply.status, 200)
  t.match(await reply.text(), TITLE)
  t.match(await (await post(app, callOf('delete_photo'), own)).text(), `Deleted ${TITLE}.`)
})

t.test('MCP: a token for another audience is refused', async t => {
  const app = await openMcpApp(t)
  const token = await tokenOfApp(t, app, 'photos:read')
  const header = decodeProtectedHeader(token) as JWTHeaderParameters
  const sign = (aud: string): Promise<string> =>
    new SignJWT({ ...decodeJwt(token), aud }).setProtectedHeader(header).sign(app.privateKey)
  t.equal((await post(app, LIST, bearer(await sign(app.url)))).status, 200)
  for (const aud of [app.origin, `${app.url}/`, 'https://other.example/mcp']) {
    const reply = await post(app, LIST, bearer(await sign(aud)))
    t.equal(reply.status, 401, aud)
    t.match(challengeOf(reply), 'error="invalid_token"')
  }
})

t.test('MCP: an app without the scope is refused, before a tool runs', async t => {
  const app = await openMcpApp(t)
  const writer = await post(app, LIST, bearer(await tokenOfApp(t, app, 'photos:write')))
  t.equal(writer.status, 403)
  t.match(challengeOf(writer), 'scope="photos:read"')

  const reader = bearer(await tokenOfApp(t, app, 'photos:read'))
  const remove = callOf('delete_photo')
  for (const body of [remove, [LIST, callOf('delete_photo', 2)]]) {
    const reply = await post(app, body, reader)
    t.equal(reply.status, 403)
    t.match(challengeOf(reply), 'error="insufficient_scope"')
    t.match(challengeOf(reply), 'scope="photos:read photos:write"')
    t.match(challengeOf(reply), 'resource_metadata="')
  }
  t.same(app.photos.of('1'), PHOTOS_OF_VITOR)
  t.equal((await post(app, LIST, reader)).status, 200)

  const both = bearer(await tokenOfApp(t, app, 'photos:read', 'photos:write'))
  t.equal((await post(app, remove, both)).status, 200)
  t.same(app.photos.of('1'), PHOTOS_OF_VITOR.slice(1))
})

t.test('MCP: pages of unknown origins are refused, with a token too', async t => {
  const app = await openMcpApp(t)
  const own = bearer(await logIn(app.origin))
  for (const origin of ['https://evil.example', 'null', 'http://localhost:6275']) {
    const reply = await post(app, LIST, { ...own, origin })
    t.equal(reply.status, 403, origin)
    t.equal(reply.headers.get('access-control-allow-origin'), null)
    const preflight = await fetch(app.url, { method: 'OPTIONS', headers: { origin } })
    t.equal(preflight.status, 403)
  }
  t.equal((await post(app, LIST, { ...own, origin: app.origin })).status, 200)
})

t.test('MCP: a page of a known origin can read answers and refusals', async t => {
  const app = await openMcpApp(t)
  const preflight = await fetch(app.url, {
    method: 'OPTIONS',
    headers: {
      origin: INSPECTOR,
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'authorization, content-type, mcp-protocol-version'
    }
  })
  t.equal(preflight.status, 204)
  t.match(preflight.headers.get('access-control-allow-headers'), 'mcp-protocol-version')
  const own = bearer(await logIn(app.origin))
  for (const headers of [{}, own]) {
    const reply = await post(app, LIST, { ...headers, origin: INSPECTOR })
    t.equal(reply.status, 'authorization' in headers ? 200 : 401)
    t.equal(reply.headers.get('access-control-allow-origin'), INSPECTOR)
    t.match(reply.headers.get('access-control-expose-headers'), 'WWW-Authenticate')
    await reply.text()
  }
})

t.test('MCP: there are no streams and no sessions', async t => {
  const app = await openMcpApp(t)
  for (const method of ['GET', 'DELETE']) {
    const reply = await fetch(app.url, { method })
    t.equal(reply.status, 405)
    t.equal(reply.headers.get('allow'), 'POST, OPTIONS')
  }
  const reply = await post(app, LIST, bearer(await logIn(app.origin)))
  t.equal(reply.headers.get('mcp-session-id'), null)
  t.equal(reply.headers.get('content-type'), 'text/event-stream')
})

t.test('MCP: bodies that are no messages are refused', async t => {
  const app = await openMcpApp(t)
  const own = bearer(await logIn(app.origin))
  for (const body of [null, 1, 'text', {}, [null], [[LIST]], { method: 'tools/call', params: 1 }]) {
    t.equal((await post(app, body, own)).status, 400, JSON.stringify(body))
  }
  t.equal((await post(app, LIST, { ...own, accept: 'text/html' })).status, 406)
  t.equal((await post(app, LIST, { ...own, 'content-type': 'text/plain' })).status, 415)
})

t.test('MCP: the consent page is served, with its style and the name of the user', async t => {
  const { app, origin } = await openMcpApp(t)
  for (const url of ['/connect', '/connect.js', '/style.css']) {
    t.equal((await app.inject(url)).statusCode, 200, url)
  }
  t.match((await app.inject('/connect')).headers['content-security-policy'],
    "frame-ancestors 'none'")
  const headers = bearer(await logIn(origin))
  t.same((await app.inject({ url: '/me/', headers })).json(), { username: 'vitor' })
})
