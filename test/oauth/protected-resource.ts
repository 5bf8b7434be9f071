import t from 'tap'
import { describedResources, resourceMetadataOf } from '../../plugin/oauth/protected-resource.ts'
import { AUDIENCE, ISSUER, buildServer } from '../fixtures/oauth/authorization-server.ts'

const WELL_KNOWN = '/.well-known/oauth-protected-resource'

type Test = Parameters<typeof buildServer>[0]

/** Returns the URL of each resource that has metadata, beside the audience. */
async function urlsOf (t: Test, ...resources: string[]): Promise<Record<string, string>> {
  const { server } = await buildServer(t, { oauth: { resources } })
  return Object.fromEntries(describedResources(server)
    .map(({ resource, url }) => [resource, url])
    .filter(([resource]) => resource !== AUDIENCE))
}

t.test('protected resource: the well-known path comes before the path of a resource', async t => {
  const { server } = await buildServer(t, { oauth: { resources: [`${ISSUER}/mcp`] } })
  t.same(describedResources(server), [
    { resource: AUDIENCE, url: `${WELL_KNOWN}/api` },
    { resource: `${ISSUER}/mcp`, url: `${WELL_KNOWN}/mcp` }
  ])
  for (const [resource, path] of [
    [ISSUER, ''], [`${ISSUER}/`, ''], [`${ISSUER}/mcp/`, '/mcp'], [`${ISSUER}/a/b`, '/a/b'],
    [`${ISSUER}:443/mcp`, '/mcp'], ['HTTPS://Login.Example/MCP', '/MCP'], [`${ISSUER}/a:b`, '/a::b'],
    [`${ISSUER}/~a-b_c.d/@me;v=1`, '/~a-b_c.d/@me;v=1']
  ] as const) {
    t.same(await urlsOf(t, resource), { [resource]: WELL_KNOWN + path }, resource)
  }
})

t.test('protected resource: of another server, or without such a URL, has none', async t => {
  for (const resource of [
    'https://files.example.com', 'https://login.example.com/api', `${ISSUER}:8443/mcp`,
    'http://login.example/mcp', 'https://other.login.example/mcp', 'urn:example:api',
    'com.example.api:/mcp', `${ISSUER}/mcp?a=b`, `${ISSUER}/mcp?`, `${ISSUER}/*`, `${ISSUER}/a%20b`,
    `${ISSUER}/%E0`, `blob:${ISSUER}/mcp`
  ]) t.same(await urlsOf(t, resource), {}, resource)
})

t.test('protected resource: an audience that is no URL has none', async t => {
  for (const audience of ['photos', `${ISSUER}/api#a`, `${ISSUER}/api#`, 'https://', '//x']) {
    const { server } = await buildServer(t, { core: { audience } })
    t.same(describedResources(server), [], audience)
  }
})

t.test('protected resource: the metadata has exactly the members of RFC 9728', async t => {
  const { server } = await buildServer(t)
  t.equal(JSON.stringify(resourceMetadataOf(AUDIENCE, [server])), JSON.stringify({
    resource: AUDIENCE,
    authorization_servers: [ISSUER],
    scopes_supported: ['photos:read', 'photos:write', 'reports:write'],
    bearer_methods_supported: ['header']
  }))
})

/** A server with some scopes, and no client. */
const withScopes = (t: Test, scopes: string[]) => buildServer(t, {
  oauth: {
    scopes: Object.fromEntries(scopes.map(scope => [scope, 'It has a text'])),
    clients: undefined,
    findClient: () => null
  }
})

t.test('protected resource: its scopes are neither openid nor offline_access', async t => {
  const { server } = await withScopes(t, ['openid', 'offline_access', 'photos:read'])
  t.same(resourceMetadataOf(AUDIENCE, [server]).scopes_supported, ['photos:read'])
})

t.test('protected resource: without a scope the member is absent', async t => {
  const { server } = await withScopes(t, ['openid'])
  t.notOk('scopes_supported' in resourceMetadataOf(AUDIENCE, [server]))
})

t.test('protected resource: of several servers names each, and each scope once', async t => {
  const { server } = await buildServer(t)
  const other = await withScopes(t, ['photos:read', 'x:read'])
  const endpoints = { ...server.endpoints, issuer: `${ISSUER}/two` }
  t.match(resourceMetadataOf(AUDIENCE, [server, { ...other.server, endpoints }]), {
    authorization_servers: [ISSUER, `${ISSUER}/two`],
    scopes_supported: ['photos:read', 'photos:write', 'reports:write', 'x:read']
  })
})
