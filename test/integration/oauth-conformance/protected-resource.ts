import t from 'tap'
import { obtainCode } from '../../fixtures/oauth/person.ts'
import { createPkce } from '../../fixtures/oauth/pkce.ts'
import {
  type ProtectedServer, callResource, openProtectedServer
} from '../../fixtures/oauth/resource-server.ts'
import { exchangeForm, requestToken } from '../../fixtures/oauth/token-request.ts'

const FILES = 'https://files.example/api'

const challengeOf = async (resource: string, access?: string): Promise<string> =>
  (await callResource(resource, access)).headers.get('www-authenticate') ?? ''

/** Returns the access token of an app for scopes. */
async function tokenFor (
  { url }: ProtectedServer, scope: string, more: { resource?: string } = {}
): Promise<string> {
  const pkce = createPkce()
  const code = await obtainCode(url, pkce, { scope, ...more })
  const { body } = await requestToken(url, { ...exchangeForm(code, pkce.verifier), ...more })
  return String(body.access_token)
}

t.test('RFC 9728 section 3.1: the metadata is at the well-known path of the resource', async t => {
  const { url, resource, metadataUrl } = await openProtectedServer(t)
  const reply = await fetch(metadataUrl)
  t.equal(reply.status, 200)
  t.match(reply.headers.get('content-type'), /^application\/json\b/)
  t.same(await reply.json(), {
    resource,
    authorization_servers: [url],
    scopes_supported: ['photos:read', 'photos:write', 'reports:write'],
    bearer_methods_supported: ['header']
  })
})

t.test('RFC 9728 section 3.3: the resource in the metadata is the one of the URL', async t => {
  const { url } = await openProtectedServer(t, { resources: [FILES] })
  for (const path of ['', '/other', '/mcp/deeper']) {
    const reply = await fetch(`${url}/.well-known/oauth-protected-resource${path}`)
    t.equal(reply.status, 404, path)
  }
})

t.test('RFC 9728 section 5.1: a challenge without an error links the metadata', async t => {
  const { resource, metadataUrl } = await openProtectedServer(t)
  const challenge = await challengeOf(resource)
  t.match(challenge, /^Bearer /)
  t.notMatch(challenge, /error=/)
  t.ok(challenge.includes(`resource_metadata="${metadataUrl}"`), challenge)
})

t.test('RFC 9728 section 5.1: the challenge of a malformed token links the metadata', async t => {
  const { resource, metadataUrl } = await openProtectedServer(t)
  const challenge = await challengeOf(resource, 'not-an-access-token')
  t.match(challenge, /error="invalid_token"/)
  t.ok(challenge.includes(`resource_metadata="${metadataUrl}"`), challenge)
})

t.test('RFC 6750 section 3: the challenge of a 401 lists the scopes of the route', async t => {
  const { resource } = await openProtectedServer(t, {
    scopes: { 'photos:read': 'See your photos', offline_access: 'Stay logged in' },
    clients: undefined,
    findClient: () => null
  })
  const challenge = await challengeOf(resource)
  t.match(challenge, /scope="photos:read"/)
  t.notMatch(challenge, /offline_access/)
})

t.test('RFC 9728 section 2: scopes_supported has no offline_access', async t => {
  const { metadataUrl } = await openProtectedServer(t, {
    scopes: { 'photos:read': 'See your photos', offline_access: 'Stay logged in' },
    clients: undefined,
    findClient: () => null
  })
  t.match(await (await fetch(metadataUrl)).json(), { scopes_supported: ['photos:read'] })
})

t.test('RFC 6750 section 3.1: too few scopes are a 403, which lists them and links the metadata',
  async t => {
    const server = await openProtectedServer(t)
    const reply = await callResource(server.resource, await tokenFor(server, 'photos:write'))
    t.equal(reply.status, 403)
    const challenge = reply.headers.get('www-authenticate') ?? ''
    t.match(challenge, /error="insufficient_scope", scope="photos:read"/)
    t.ok(challenge.includes(`resource_metadata="${server.metadataUrl}"`), challenge)
  })

t.test('RFC 8707 section 2: a token for another resource is an invalid_token', async t => {
  const server = await openProtectedServer(t, { resources: [FILES] })
  const access = await tokenFor(server, 'photos:read', { resource: FILES })
  const reply = await callResource(server.resource, access)
  t.equal(reply.status, 401)
  t.match(reply.headers.get('www-authenticate'), /error="invalid_token"/)
  const own = await tokenFor(server, 'photos:read', { resource: server.resource })
  t.equal((await callResource(server.resource, own)).status, 200)
})

t.test('RFC 8707 section 2.2: an exchange for another resource is refused, and spends no code',
  async t => {
    const { url, resource } = await openProtectedServer(t, { resources: [FILES] })
    const pkce = createPkce()
    const form = exchangeForm(await obtainCode(url, pkce, { resource }), pkce.verifier)
    t.match(await requestToken(url, { ...form, resource: FILES }), {
      status: 400, body: { error: 'invalid_target' }
    })
    t.equal((await requestToken(url, { ...form, resource })).status, 200)
  })
