import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import {
  discoverOAuthProtectedResourceMetadata, extractWWWAuthenticateParams
} from '@modelcontextprotocol/sdk/client/auth.js'
import fastify, { type FastifyInstance } from 'fastify'
import t from 'tap'
import { blockWith } from '../fixtures/docs.ts'
import { obtainCode } from '../fixtures/oauth/person.ts'
import { createPkce } from '../fixtures/oauth/pkce.ts'
import { callResource } from '../fixtures/oauth/resource-server.ts'
import { openOAuthServer } from '../fixtures/oauth/server.ts'
import { exchangeForm, requestToken } from '../fixtures/oauth/token-request.ts'
import { freePort } from '../fixtures/servers/server-process.ts'
import { asJavaScript } from '../fixtures/type-check.ts'

const PAGE = 'https://inspector.example'

t.test('oauth.md: an MCP server on another host names the issuer of its tokens', async t => {
  const port = await freePort()
  const origin = `http://127.0.0.1:${port}`
  const resource = `${origin}/mcp`
  const { url, audience } = await openOAuthServer(t, { oauth: { resources: [resource] } })
  const code = blockWith('oauth.md', 'mcpServer').code
    .replace('https://example.com', url).replace('https://mcp.example.com', origin)
  const file = join(t.testdir({ 'mcp-server.js': asJavaScript(code) }), 'mcp-server.js')
  const { mcpServer } = await import(pathToFileURL(file).href) as {
    mcpServer(app: FastifyInstance): Promise<void>
  }
  const app = fastify()
  t.after(() => app.close())
  await mcpServer(app)
  await app.listen({ port, host: '127.0.0.1' })

  const refused = await fetch(resource, { method: 'POST', headers: { origin: PAGE } })
  t.equal(refused.status, 401)
  t.match(refused.headers.get('access-control-expose-headers'), 'WWW-Authenticate')
  const { resourceMetadataUrl, scope } = extractWWWAuthenticateParams(refused)
  t.equal(scope, 'photos:read')
  t.equal(resourceMetadataUrl?.href, `${origin}/.well-known/oauth-protected-resource/mcp`)
  t.same(await discoverOAuthProtectedResourceMetadata(resource), {
    resource,
    authorization_servers: [url],
    scopes_supported: ['photos:read'],
    bearer_methods_supported: ['header']
  })

  for (const [target, status] of [[resource, 200], [audience, 401]] as const) {
    const pkce = createPkce()
    const asked = { scope: 'photos:read', resource: target }
    const { body } = await requestToken(url, {
      ...exchangeForm(await obtainCode(url, pkce, asked), pkce.verifier), resource: target
    })
    t.equal((await callResource(resource, String(body.access_token))).status, status, target)
  }
})

t.test('oauth.md: shows the challenge and the metadata as they are', async t => {
  const { code } = blockWith('oauth.md', 'WWW-Authenticate: Bearer')
  const [challenge = '', , document = ''] = code.split('\n')
  const given = extractWWWAuthenticateParams(new Response(null, {
    headers: { 'www-authenticate': challenge.replace('WWW-Authenticate: ', '') }
  }))
  t.match(given, { scope: 'photos:read' })
  const { pathname } = given.resourceMetadataUrl as URL
  const { origin } = new URL((JSON.parse(document) as { resource: string }).resource)
  t.equal(given.resourceMetadataUrl?.origin, origin)

  const { app } = await openOAuthServer(t, {
    core: { issuer: origin, audience: `${origin}/mcp`, resourceMetadata: origin + pathname },
    oauth: {
      scopes: { 'photos:read': 'See your photos' }, clients: undefined, findClient: () => null
    }
  })
  t.equal((await app.inject('/photos/')).headers['www-authenticate'],
    challenge.replace('WWW-Authenticate: ', ''))
  t.equal((await app.inject(pathname)).body, document)
})
