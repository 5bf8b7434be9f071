import cors from '@fastify/cors'
import fastify, { type FastifyInstance } from 'fastify'
import t from 'tap'
import simplejwt from '../../../plugin/index.ts'
import oauth from '../../../plugin/oauth/index.ts'
import {
  AUDIENCE, ISSUER, buildAuthorizeApp, coreOptions
} from '../../fixtures/oauth/authorize-app.ts'
import { oauthOptions } from '../../fixtures/oauth/server.ts'

const WELL_KNOWN = '/.well-known/oauth-protected-resource'
const URL = `${WELL_KNOWN}/api`

/** The metadata of the first resource and of others, by their paths. */
const withResources = (t: Parameters<typeof buildAuthorizeApp>[0], ...resources: string[]) =>
  buildAuthorizeApp(t, { oauth: { resources } })

const resourceAt = async (app: FastifyInstance, url: string): Promise<unknown> => {
  const reply = await app.inject(url)
  return reply.statusCode === 200 ? reply.json().resource : reply.statusCode
}

t.test('protected resource: is public, cacheable, and for pages of any origin', async t => {
  const { app } = await buildAuthorizeApp(t, { core: { guardByDefault: true } })
  const { statusCode, headers, body } = await app.inject(URL)
  t.equal(statusCode, 200)
  t.equal(body, JSON.stringify({
    resource: AUDIENCE,
    authorization_servers: [ISSUER],
    scopes_supported: ['photos:read', 'photos:write', 'reports:write'],
    bearer_methods_supported: ['header']
  }))
  t.match(headers, {
    'content-type': 'application/json; charset=utf-8',
    'cache-control': 'public, max-age=300',
    'access-control-allow-origin': '*',
    etag: /^"[\w-]{43}"$/
  })
  t.notOk('access-control-allow-credentials' in headers)
})

t.test('protected resource: HEAD is GET without the body, and a known tag is a 304', async t => {
  for (const server of [{}, { exposeHeadRoutes: false }]) {
    const { app } = await buildAuthorizeApp(t, { server })
    const { headers: { etag } } = await app.inject(URL)
    const head = await app.inject({ method: 'HEAD', url: URL })
    t.same([head.statusCode, head.body, head.headers.etag], [200, '', etag])
    const known = await app.inject({ url: URL, headers: { 'if-none-match': String(etag) } })
    t.same([known.statusCode, known.body], [304, ''])
  }
})

t.test('protected resource: a preflight allows the header that MCP clients send', async t => {
  const preflight = {
    method: 'OPTIONS',
    url: URL,
    headers: {
      origin: 'https://app.example',
      'access-control-request-method': 'GET',
      'access-control-request-headers': 'mcp-protocol-version'
    }
  } as const
  const { app } = await buildAuthorizeApp(t)
  t.match(await app.inject(preflight), {
    statusCode: 204,
    headers: {
      'access-control-allow-origin': '*',
      'access-control-allow-methods': 'GET, HEAD',
      'access-control-allow-headers': '*'
    }
  })
  const { app: strict } = await buildAuthorizeApp(t, {
    before: app => app.register(cors, { origin: ['https://app.example'] })
  })
  t.equal((await strict.inject(preflight)).headers['access-control-allow-origin'],
    'https://app.example')
})

t.test('protected resource: each resource of the server has its own URL', async t => {
  const { app } = await withResources(t, ISSUER, `${ISSUER}/mcp`, `${ISSUER}/a:b`,
    `${ISSUER}/slash/`, 'https://files.example/files')
  for (const [url, resource] of [
    [URL, AUDIENCE], [WELL_KNOWN, ISSUER], [`${WELL_KNOWN}/mcp`, `${ISSUER}/mcp`],
    [`${WELL_KNOWN}/a:b`, `${ISSUER}/a:b`], [`${WELL_KNOWN}/a:c`, 404], [`${WELL_KNOWN}/ac`, 404],
    [`${WELL_KNOWN}/slash`, `${ISSUER}/slash/`], [`${WELL_KNOWN}/slash/`, `${ISSUER}/slash/`],
    [`${WELL_KNOWN}/`, ISSUER], [`${WELL_KNOWN}/mcp/`, `${ISSUER}/mcp`],
    [`${WELL_KNOWN}/files`, 404], [`${WELL_KNOWN}/MCP`, 404], [`${WELL_KNOWN}/mcp/x`, 404]
  ] as const) t.equal(await resourceAt(app, url), resource, url)
})

t.test('protected resource: without one at the root there is no document there', async t => {
  const { app } = await buildAuthorizeApp(t)
  t.equal(await resourceAt(app, WELL_KNOWN), 404)
})

t.test('protected resource: two that differ by a slash stop the start', async t => {
  for (const resource of [`${AUDIENCE}/`, `${ISSUER}:443/api`, 'https://Login.example/api']) {
    await t.rejects(withResources(t, resource), new Error(
      `fastify-simplejwt/oauth: the resources "${AUDIENCE}" and "${resource}" have the same URL ` +
      'for their metadata. Use one of the two in "audience" and "resources".'))
  }
  await t.rejects(buildAuthorizeApp(t, {
    server: { routerOptions: { caseSensitive: false } }, oauth: { resources: [`${ISSUER}/API`] }
  }), /the same URL for their metadata/)
})

t.test('protected resource: a route of the host stays', async t => {
  const { app } = await buildAuthorizeApp(t, {
    before: app => { app.get(`${URL}/`, async () => ({ resource: 'theirs' })) }
  })
  t.equal(await resourceAt(app, `${URL}/`), 'theirs')
  t.equal(await resourceAt(app, URL), 404)
})

/** Registers both plugins once for each namespace. */
async function buildSeveral (
  t: { after(close: () => unknown): void }, audiences: Record<string, string>
): Promise<FastifyInstance> {
  const app = fastify()
  t.after(() => app.close())
  for (const [namespace, audience] of Object.entries(audiences)) {
    const issuer = `${ISSUER}/${namespace}`
    await app.register(simplejwt, coreOptions({
      namespace, prefix: `/${namespace}`, issuer, audience
    }))
    await app.register(oauth, oauthOptions({ namespace, prefix: `/${namespace}/oauth` }))
  }
  return app
}

t.test('protected resource: each registration has its own', async t => {
  const app = await buildSeveral(t, { one: `${ISSUER}/one/mcp`, two: `${ISSUER}/two/mcp` })
  for (const name of ['one', 'two']) {
    t.match((await app.inject(`${WELL_KNOWN}/${name}/mcp`)).json(), {
      resource: `${ISSUER}/${name}/mcp`, authorization_servers: [`${ISSUER}/${name}`]
    })
  }
})

t.test('protected resource: of two registrations names both issuers', async t => {
  const app = await buildSeveral(t, { one: AUDIENCE, two: AUDIENCE })
  t.match((await app.inject(URL)).json(), {
    resource: AUDIENCE, authorization_servers: [`${ISSUER}/one`, `${ISSUER}/two`]
  })
  await t.rejects(buildSeveral(t, { one: AUDIENCE, two: `${AUDIENCE}/` }),
    /the same URL for their metadata/)
})

t.test('protected resource: is below the prefix of the scope, as the other metadata', async t => {
  const app = fastify()
  t.after(() => app.close())
  await app.register(async scope => {
    await scope.register(simplejwt, coreOptions({ issuer: `${ISSUER}/v1` }))
    await scope.register(oauth, oauthOptions())
  }, { prefix: '/v1' })
  t.match((await app.inject(`/v1${URL}`)).json(), {
    resource: AUDIENCE, authorization_servers: [`${ISSUER}/v1`]
  })
  t.equal(await resourceAt(app, URL), 404)
})
