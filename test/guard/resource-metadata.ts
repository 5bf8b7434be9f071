import fastify, { type FastifyInstance } from 'fastify'
import t from 'tap'
import simplejwt, {
  authenticate, requireClaims, requireClient, requireScope
} from '../../plugin/index.ts'
import { buildApp } from '../fixtures/app.ts'
import { accessClaims, sign } from '../fixtures/tokens/jwt.ts'

const URL = 'https://example.com/.well-known/oauth-protected-resource/mcp'
const END = `, resource_metadata="${URL}"`

type Guards = Pick<
  FastifyInstance, 'authenticate' | 'requireScope' | 'requireClient' | 'requireClaims'
>

/** Routes with guards, and the scopes that the challenge of each lists. */
const routesOf = (guards: Guards) => ({
  '/own': [guards.authenticate, undefined],
  '/scope': [guards.requireScope('photos:read', 'photos:write'), 'photos:read photos:write'],
  '/client': [guards.requireClient('reports:write'), 'reports:write'],
  '/any-client': [guards.requireClient(), undefined],
  '/claims': [guards.requireClaims({ role: 'admin', scope: 'a b' }), 'a b'],
  '/role': [guards.requireClaims({ role: 'admin' }), undefined],
  '/function': [guards.requireClaims(() => true), undefined]
} as const)

/** Declares the routes. Returns the scopes of each. */
function declare (app: FastifyInstance, guards: Guards): Map<string, string | undefined> {
  const routes = Object.entries(routesOf(guards))
  for (const [url, [onRequest]] of routes) app.get(url, { onRequest }, async () => 'open')
  return new Map(routes.map(([url, [, scope]]) => [url, scope]))
}

const scopeOf = (scope: string | undefined): string => scope === undefined ? '' : `, scope="${scope}"`

async function challengeOf (app: FastifyInstance, url: string, token?: string) {
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` }
  const reply = await app.inject({ url, headers })
  return [reply.statusCode, reply.headers['www-authenticate']]
}

for (const [name, exported] of [['decorators', false], ['exports', true]] as const) {
  t.test(`resourceMetadata: is in each challenge of a guard, by ${name}`, async t => {
    const { app } = await buildApp(t, { resourceMetadata: URL })
    const guards = exported ? { authenticate, requireScope, requireClient, requireClaims } : app
    for (const [url, scope] of declare(app, guards)) {
      t.same(await challengeOf(app, url),
        [401, `Bearer realm="api"${scopeOf(scope)}${END}`], url)
      t.same(await challengeOf(app, url, 'x'),
        [401, `Bearer realm="api", error="invalid_token"${scopeOf(scope)}${END}`], url)
      t.same(await challengeOf(app, url, 'a b'),
        [401, `Bearer realm="api", error="invalid_request"${scopeOf(scope)}${END}`], url)
    }
  })
}

t.test('resourceMetadata: is in the 403 of a token without the scopes', async t => {
  const { app } = await buildApp(t, { resourceMetadata: URL })
  const routes = declare(app, app)
  const claims = { client_id: 'nightly-report', scope: 'x' }
  const access = sign(accessClaims(claims))
  const client = sign(accessClaims({ ...claims, token_type: 'client', user_id: undefined }))
  for (const [url, token] of [
    ['/own', access], ['/scope', access], ['/claims', access], ['/role', access],
    ['/client', client]
  ] as const) {
    t.same(await challengeOf(app, url, token), [
      403, `Bearer realm="api", error="insufficient_scope"${scopeOf(routes.get(url))}${END}`
    ], url)
  }
})

t.test('resourceMetadata: a 401 lists no scopes without it', async t => {
  const { app } = await buildApp(t)
  for (const [url] of declare(app, app)) {
    t.same(await challengeOf(app, url), [401, 'Bearer realm="api"'], url)
    t.same(await challengeOf(app, url, 'x'),
      [401, 'Bearer realm="api", error="invalid_token"'], url)
  }
})

t.test('resourceMetadata: each server that only verifies has its own', async t => {
  const app = fastify()
  t.after(() => app.close())
  const guard = requireScope('photos:read')
  for (const name of ['one', 'two']) {
    await app.register(async scope => {
      await scope.register(simplejwt, {
        // No request here has a token that needs a key.
        jwksUrl: 'http://127.0.0.1:9/.well-known/jwks.json',
        resourceMetadata: `https://${name}.example/metadata`
      })
      scope.get('/', { onRequest: guard }, async () => 'open')
    }, { prefix: `/${name}` })
  }
  for (const name of ['one', 'two']) {
    t.same(await challengeOf(app, `/${name}`), [401, 'Bearer realm="api", scope="photos:read", ' +
      `resource_metadata="https://${name}.example/metadata"`])
  }
})
