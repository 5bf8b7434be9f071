import fastify, { type FastifyInstance } from 'fastify'
import t from 'tap'
import simplejwt from '../../../plugin/index.ts'
import oauth from '../../../plugin/oauth/index.ts'
import {
  AUDIENCE, CLIENTS, ISSUER, buildAuthorizeApp, coreOptions
} from '../../fixtures/oauth/authorize-app.ts'
import { oauthOptions } from '../../fixtures/oauth/server.ts'

const URL = '/.well-known/oauth-authorization-server'
const KEYS = '/.well-known/jwks.json'

t.test('metadata: is public, cacheable, and for pages of any origin', async t => {
  const { app } = await buildAuthorizeApp(t)
  const { statusCode, headers } = await app.inject(URL)
  t.equal(statusCode, 200)
  t.match(headers, {
    'content-type': 'application/json; charset=utf-8',
    'cache-control': 'public, max-age=300',
    'access-control-allow-origin': '*',
    etag: /^"[\w-]{43}"$/
  })
  t.notOk('access-control-allow-credentials' in headers)
  t.notOk('x-content-type-options' in headers || 'pragma' in headers)
})

t.test('metadata: names what the app serves, and has no null', async t => {
  const { app } = await buildAuthorizeApp(t)
  const document = (await app.inject(URL)).json() as Record<string, unknown>
  t.notOk(Object.values(document).includes(null))
  t.equal(document.issuer, ISSUER)
  const pathOf = (url: unknown): string => String(url).replace(ISSUER, '')
  t.equal((await app.inject(pathOf(document.jwks_uri))).statusCode, 200)
  const authorize = await app.inject(pathOf(document.authorization_endpoint))
  t.equal(authorize.json().error, 'invalid_request')
  const token = await app.inject({ method: 'POST', url: pathOf(document.token_endpoint) })
  t.equal(token.json().error, 'invalid_client')
  for (const name of ['revocation_endpoint', 'introspection_endpoint']) {
    const reply = await app.inject({ method: 'POST', url: pathOf(document[name]) })
    t.equal(reply.json().error, 'invalid_client', name)
  }
})

t.test('metadata: HEAD is GET without the body, and a known tag is a 304', async t => {
  for (const server of [{}, { exposeHeadRoutes: false }]) {
    const { app } = await buildAuthorizeApp(t, { server })
    const get = await app.inject(URL)
    const head = await app.inject({ method: 'HEAD', url: URL })
    t.same([head.statusCode, head.body, head.headers.etag], [200, '', get.headers.etag])
    for (const method of ['GET', 'HEAD'] as const) {
      const { statusCode, body } = await app.inject({
        method, url: URL, headers: { 'if-none-match': String(get.headers.etag) }
      })
      t.same([statusCode, body], [304, ''], method)
    }
  }
})

t.test('metadata: a trailing slash makes no difference', async t => {
  for (const server of [{}, { routerOptions: { ignoreTrailingSlash: true } }]) {
    const { app } = await buildAuthorizeApp(t, { server })
    t.equal((await app.inject(`${URL}/`)).body, (await app.inject(URL)).body)
  }
})

t.test('metadata: of an issuer with a path is at both URLs (RFC 8414 section 3)', async t => {
  const issuer = `${ISSUER}/auth`
  const { app } = await buildAuthorizeApp(t, { core: { issuer } })
  for (const url of [`${URL}/auth`, URL]) t.equal((await app.inject(url)).json().issuer, issuer)
  t.match((await app.inject(URL)).json(), {
    token_endpoint: `${issuer}/oauth/token`, jwks_uri: `${issuer}${KEYS}`
  })
})

/** Registers both plugins once for each issuer, in its order. */
async function buildSeveral (
  t: { after(close: () => unknown): void }, issuers: Record<string, string>
): Promise<FastifyInstance> {
  const app = fastify()
  t.after(() => app.close())
  for (const [namespace, issuer] of Object.entries(issuers)) {
    await app.register(simplejwt, coreOptions({ namespace, prefix: `/${namespace}`, issuer }))
    await app.register(oauth, oauthOptions({ namespace, prefix: `/${namespace}/oauth` }))
  }
  return app
}

t.test('metadata: of several issuers is at the URL of each, in any order', async t => {
  const ISSUERS = { one: `${ISSUER}/one`, two: `${ISSUER}/two`, main: ISSUER }
  for (const [order, plain] of [
    [['one', 'two'], 'one'], [['two', 'one'], 'two'], [['one', 'main', 'two'], 'main'],
    [['main', 'one', 'two'], 'main'], [['one', 'two', 'main'], 'main']
  ] as const) {
    const issuers = Object.fromEntries(order.map(name => [name, ISSUERS[name]]))
    const app = await buildSeveral(t, issuers)
    t.equal((await app.inject(URL)).json().issuer, ISSUERS[plain], order.join(' '))
    for (const name of order.filter(name => name !== 'main')) {
      const { issuer, token_endpoint: token } = (await app.inject(`${URL}/${name}`)).json()
      t.same([issuer, token], [ISSUERS[name], `${ISSUER}/${name}/oauth/token`])
    }
  }
})

const TAKEN = 'already. Remove it, or give each registration of fastify-simplejwt another "issuer".'

t.test('metadata: one issuer cannot have two authorization servers', async t => {
  await t.rejects(buildSeveral(t, { one: ISSUER, two: ISSUER }), new Error(
    `fastify-simplejwt/oauth: the app has a route GET ${URL} ${TAKEN}`))
  const issuer = `${ISSUER}/one`
  await t.rejects(buildSeveral(t, { one: issuer, two: issuer }), new Error(
    `fastify-simplejwt/oauth: the app has a route GET ${URL}/one ${TAKEN}`))
})

t.test('metadata: a route of the host is an error at its own URL, and stays elsewhere', async t => {
  const declare = (app: FastifyInstance): void => { app.get(`${URL}/`, async () => 'theirs') }
  await t.rejects(buildAuthorizeApp(t, { before: declare }), new Error(
    `fastify-simplejwt/oauth: the app has a route GET ${URL} ${TAKEN}`))
  const { app } = await buildAuthorizeApp(t, {
    before: declare, core: { issuer: `${ISSUER}/auth` }
  })
  t.equal((await app.inject(`${URL}/`)).body, 'theirs')
  t.equal((await app.inject(`${URL}/auth`)).json().issuer, `${ISSUER}/auth`)
})

t.test('metadata: is below the prefix of the scope, with the keys of the outer one', async t => {
  const app = fastify()
  t.after(() => app.close())
  await app.register(simplejwt, coreOptions())
  await app.register(async scope => {
    await scope.register(oauth, oauthOptions({ clients: CLIENTS }))
  }, { prefix: '/v1' })
  t.match((await app.inject(`/v1${URL}`)).json(), {
    issuer: ISSUER, token_endpoint: `${ISSUER}/v1/oauth/token`, jwks_uri: `${ISSUER}${KEYS}`
  })
  t.equal((await app.inject({ method: 'POST', url: '/v1/oauth/token' })).statusCode, 401)
})

t.test('metadata: a scope with the path of the issuer has it once', async t => {
  for (const prefix of ['/v1', '/v1/']) {
    const app = fastify()
    t.after(() => app.close())
    await app.register(async scope => {
      await scope.register(simplejwt, coreOptions({ issuer: `${ISSUER}/v1`, audience: AUDIENCE }))
      await scope.register(oauth, oauthOptions())
    }, { prefix })
    t.match((await app.inject(`/v1${URL}`)).json(), {
      issuer: `${ISSUER}/v1`,
      token_endpoint: `${ISSUER}/v1/oauth/token`,
      jwks_uri: `${ISSUER}/v1${KEYS}`
    })
    t.equal((await app.inject({ method: 'POST', url: '/v1/oauth/token' })).statusCode, 401)
    t.equal((await app.inject(`/v1${KEYS}`)).statusCode, 200)
  }
})
