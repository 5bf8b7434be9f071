import cors from '@fastify/cors'
import fastifyStatic from '@fastify/static'
import swagger from '@fastify/swagger'
import fastify, { type FastifyInstance, type FastifyRequest, type InjectOptions } from 'fastify'
import fp from 'fastify-plugin'
import t from 'tap'
import simplejwt, {
  type SimpleJwtOptions, authenticateOptional, claimsOf, requireClaims, requireClient,
  requireScope
} from '../../plugin/index.ts'
import { SECRET } from '../fixtures/app.ts'
import { goodOptions } from '../fixtures/host.ts'
import { accessClaims, sign } from '../fixtures/tokens/jwt.ts'

const OTHER_SECRET = 'another secret of thirty-two byte'
const headers = (secret = SECRET, claims = {}) =>
  ({ authorization: `Bearer ${sign(accessClaims(claims), undefined, secret)}` })

const idOf = async (request: FastifyRequest) => ({ id: claimsOf(request)?.user_id ?? null })
const withDefault = (more: Partial<SimpleJwtOptions> = {}) =>
  goodOptions({ guardByDefault: true, ...more })

function create (t: { after(close: () => unknown): void }): FastifyInstance {
  const app = fastify()
  t.after(() => app.close())
  return app
}

/** Returns the status without and with an access token. */
async function statuses (
  app: FastifyInstance, url: string, options: InjectOptions = {}
): Promise<number[]> {
  const [anonymous, known] = [
    await app.inject({ url, ...options }),
    await app.inject({ url, ...options, headers: { ...options.headers, ...headers() } })
  ]
  return [anonymous.statusCode, known.statusCode]
}

t.test('guardByDefault: guards each route of the scope and its children', async t => {
  const app = create(t)
  await app.register(simplejwt, withDefault())
  app.get('/', idOf)
  app.post('/', idOf)
  app.options('/', idOf)
  app.all('/all/*', idOf)
  app.register(async scope => {
    scope.get('/', idOf)
    scope.register(fp(async deeper => { deeper.get('/deeper', idOf) }))
  }, { prefix: '/child' })
  for (const url of ['/', '/all/x', '/child', '/child/', '/child/deeper']) {
    t.same(await statuses(app, url), [401, 200], url)
    t.same(await statuses(app, url, { method: 'HEAD' }), [401, 200], `HEAD ${url}`)
  }
  t.same(await statuses(app, '/', { method: 'POST' }), [401, 200])
  t.same(await statuses(app, '/', { method: 'OPTIONS' }), [401, 200])
  t.same((await app.inject({ url: '/', headers: headers() })).json(), { id: '1' })
})

t.test('guardByDefault: guards a route that the app declares without awaiting it', async t => {
  const app = create(t)
  app.register(fp(async app => { app.register(simplejwt, withDefault()) }))
  app.get('/early', idOf)
  app.get('/public', { config: { public: true } }, idOf)
  app.get('/optional', { onRequest: authenticateOptional }, idOf)
  app.register(async scope => { scope.get('/child', idOf) })
  for (const url of ['/early', '/child']) t.same(await statuses(app, url), [401, 200], url)
  for (const url of ['/public', '/optional']) t.same(await statuses(app, url), [200, 200], url)
})

t.test('guardByDefault: runs before the other hooks of a route', async t => {
  const app = create(t)
  await app.register(simplejwt, withDefault())
  const seen: unknown[] = []
  const hook = async (request: FastifyRequest): Promise<void> => { seen.push(request.user.user_id) }
  app.get('/one', { onRequest: hook }, idOf)
  app.get('/list', { onRequest: [hook, hook] }, idOf)
  t.same(await statuses(app, '/one'), [401, 200])
  t.same(await statuses(app, '/list'), [401, 200])
  t.same(seen, ['1', '1', '1'])
})

t.test('guardByDefault: a later onRoute hook of the host opens no route', async t => {
  const app = create(t)
  await app.register(simplejwt, withDefault())
  const seen: string[] = []
  app.addHook('onRoute', route => {
    if (route.url === '/copied') route.config = { ...route.config }
    if (route.url === '/wrapped') {
      const hooks = [route.onRequest ?? []].flat()
      route.onRequest = hooks.map(hook => function (this: FastifyInstance, ...parameters) {
        seen.push('wrapper')
        return hook.apply(this, parameters)
      } as typeof hook)
    } else route.onRequest = async () => { seen.push('replacement') }
  })
  for (const url of ['/replaced', '/copied', '/wrapped']) app.get(url, idOf)
  app.post('/replaced', idOf)
  app.get('/public', { config: { public: true } }, idOf)
  for (const url of ['/replaced', '/copied', '/wrapped']) {
    t.same(await statuses(app, url), [401, 200], url)
    t.same(await statuses(app, url, { method: 'HEAD' }), [401, 200], `HEAD ${url}`)
  }
  t.same(await statuses(app, '/replaced', { method: 'POST', payload: { a: 1 } }), [401, 200])
  t.same(await statuses(app, '/public'), [200, 200])
  t.ok(seen.includes('wrapper') && seen.includes('replacement'))
})

t.test('guardByDefault: knows a guard that an earlier onRoute hook has wrapped', async t => {
  const app = create(t)
  app.addHook('onRoute', route => {
    const [hook] = [route.onRequest ?? []].flat()
    if (hook === undefined) return
    route.onRequest = function (this: FastifyInstance, ...parameters) {
      return hook.apply(this, parameters)
    } as typeof hook
  })
  await app.register(simplejwt, withDefault())
  app.get('/optional', { onRequest: authenticateOptional }, idOf)
  app.get('/claims', { onRequest: requireClaims({ role: 'admin' }) }, idOf)
  t.same(await statuses(app, '/optional'), [200, 200])
  t.same(await statuses(app, '/claims'), [401, 403])
})

t.test('guardByDefault: leaves public routes, and the routes of other scopes', async t => {
  const app = create(t)
  app.get('/above', idOf)
  const shared = { public: true, other: 1 }
  await app.register(async scope => {
    await scope.register(simplejwt, withDefault())
    scope.get('/public', { config: shared }, idOf)
    scope.get('/not-public', { config: { public: 1 as unknown as boolean } }, idOf)
    scope.register(async later => {
      later.addHook('onRoute', route => { route.config = { ...route.config, public: true } })
      later.get('/made-public', idOf)
    })
  })
  for (const url of ['/above', '/public', '/made-public']) {
    t.same(await statuses(app, url), [200, 200], url)
  }
  t.same(await statuses(app, '/not-public'), [401, 200])
  t.same(shared, { public: true, other: 1 })
})

t.test('guardByDefault: leaves the routes of the package as they are', async t => {
  const app = create(t)
  await app.register(simplejwt, withDefault())
  await app.register(simplejwt, goodOptions({ namespace: 'staff', prefix: '/staff' }))
  for (const prefix of ['/api/token', '/staff']) {
    const login = await app.inject({
      method: 'POST', url: prefix, payload: { username: 'vitor', password: '123' }
    })
    t.equal(login.statusCode, 200)
    const { refresh, access } = login.json()
    t.same(await statuses(app, `${prefix}/refresh`, { method: 'POST', payload: { refresh } }),
      [200, 200])
    t.same(await statuses(app, `${prefix}/verify`, { method: 'POST', payload: { token: access } }),
      [200, 200])
    t.same(await statuses(app, `${prefix}/sessions`), [401, 200])
    t.same(await statuses(app, `${prefix}/none`), [404, 404])
    t.same(await statuses(app, prefix, { method: 'OPTIONS' }), [204, 204])
    t.same(await statuses(app, prefix, { method: 'PUT' }), [405, 405])
  }
  t.same(await statuses(app, '/.well-known/jwks.json'), [404, 404])
  t.same(await statuses(app, '/.well-known/jwks.json', { method: 'POST' }), [405, 405])
})

t.test('guardByDefault: a route with a guard of ours has that one only', async t => {
  const app = create(t)
  const finds: string[] = []
  await app.register(simplejwt, withDefault({
    findUser: id => { finds.push(id); return { id } }
  }))
  await app.register(simplejwt, goodOptions({
    namespace: 'staff', prefix: '/staff', secret: OTHER_SECRET
  }))
  const { staffAuthenticate } = app as unknown as { staffAuthenticate: typeof app.authenticate }
  app.get('/staff-only', { preHandler: staffAuthenticate }, idOf)
  app.get('/optional', { preHandler: [async () => {}, app.authenticateOptional] }, idOf)
  app.get('/optional-export', { onRequest: [authenticateOptional] }, idOf)
  app.get('/claims', { onRequest: requireClaims({ role: 'admin' }) }, idOf)
  app.get('/user', { onRequest: app.authenticateUser }, idOf)
  app.get('/scope', { onRequest: app.requireScope('photos:read') }, idOf)
  app.get('/scope-export', { onRequest: [requireScope('photos:read')] }, idOf)
  app.get('/client', { onRequest: app.requireClient() }, idOf)
  app.get('/client-export', { preHandler: requireClient() }, idOf)
  app.get('/default', idOf)
  t.same(await statuses(app, '/staff-only'), [401, 401])
  const ofStaff = await app.inject({ url: '/staff-only', headers: headers(OTHER_SECRET) })
  t.equal(ofStaff.statusCode, 200)
  t.same(await statuses(app, '/optional'), [200, 200])
  t.same(await statuses(app, '/optional-export'), [200, 200])
  t.same(await statuses(app, '/claims'), [401, 403])
  t.same(await statuses(app, '/user'), [401, 200])
  t.same(finds, ['1'])
  const ofClient = { client_id: 'printer', scope: 'photos:read' }
  const ask = async (url: string, claims: object): Promise<number> =>
    (await app.inject({ url, headers: headers(SECRET, { ...ofClient, ...claims }) })).statusCode
  for (const url of ['/scope', '/scope-export']) {
    t.same([...await statuses(app, url), await ask(url, {})], [401, 200, 200], url)
  }
  for (const url of ['/client', '/client-export']) {
    t.same([...await statuses(app, url), await ask(url, {})], [401, 401, 401], url)
    t.equal(await ask(url, { token_type: 'client' }), 200)
  }
  t.equal(await ask('/default', {}), 403)
  t.equal(await ask('/default', { token_type: 'client' }), 401)
})

t.test('guardByDefault: a 404 stays a 404', async t => {
  const app = create(t)
  await app.register(simplejwt, withDefault())
  t.same(await statuses(app, '/none'), [404, 404])
  const own = create(t)
  await own.register(simplejwt, withDefault())
  own.setNotFoundHandler(async (_request, reply) => reply.code(404).send('nothing here'))
  own.register(async scope => {
    scope.get('/', async (_request, reply) => { reply.callNotFound() })
    scope.setNotFoundHandler(async (_request, reply) => reply.code(404).send('nothing in scope'))
  }, { prefix: '/scope' })
  t.equal((await own.inject('/none')).body, 'nothing here')
  t.equal((await own.inject('/scope/none')).body, 'nothing in scope')
  t.same(await statuses(own, '/scope'), [401, 404])
})

t.test('guardByDefault: @fastify/cors answers a preflight', async t => {
  const preflight: InjectOptions = {
    method: 'OPTIONS',
    headers: { origin: 'https://a.example', 'access-control-request-method': 'GET' }
  }
  const withCors = (app: FastifyInstance) => app.register(cors)
  const withUs = (app: FastifyInstance) => app.register(simplejwt, withDefault())
  for (const [first, second] of [[withCors, withUs], [withUs, withCors]] as const) {
    const app = create(t)
    await first(app)
    await second(app)
    app.get('/orders', idOf)
    t.same(await statuses(app, '/orders', preflight), [204, 204])
    const refused = await app.inject({ url: '/orders', headers: { origin: 'https://a.example' } })
    t.equal(refused.statusCode, 401)
    t.equal(refused.headers['access-control-allow-origin'], '*', 'a page can read the refusal')
  }
})

t.test('guardByDefault: guards the files of @fastify/static, except in a public scope', async t => {
  const root = t.testdir({ 'page.html': 'page' })
  const guarded = create(t)
  await guarded.register(simplejwt, withDefault())
  await guarded.register(fastifyStatic, { root })
  t.same(await statuses(guarded, '/page.html'), [401, 200])

  const open = create(t)
  await open.register(simplejwt, withDefault())
  open.register(async scope => {
    scope.addHook('onRoute', route => { route.config = { ...route.config, public: true } })
    scope.register(fastifyStatic, { root })
  })
  open.get('/orders', idOf)
  t.same(await statuses(open, '/page.html'), [200, 200])
  t.same(await statuses(open, '/orders'), [401, 200])
})

t.test('guardByDefault: only one registration of a scope may set it', async t => {
  const second = withDefault({ namespace: 'staff', prefix: '/staff' })
  const message = 'fastify-simplejwt: option "guardByDefault" is set for this scope already. ' +
    'Set it in one registration only.'
  const app = create(t)
  await app.register(simplejwt, withDefault())
  await t.rejects(async () => { await app.register(simplejwt, second) }, { message })
  const nested = create(t)
  await nested.register(simplejwt, withDefault())
  nested.register(async scope => { await scope.register(simplejwt, second) })
  await t.rejects(async () => nested.ready(), { message })
})

t.test('guardByDefault: a wrapper of hooks, as in @fastify/otel, opens nothing', async t => {
  const app = create(t)
  app.addHook('onRoute', route => {
    const hooks = [route.onRequest ?? []].flat()
    route.onRequest = hooks.map(hook => function (this: FastifyInstance, ...parameters: unknown[]) {
      return (hook as (...parameters: unknown[]) => unknown).apply(this, parameters)
    }) as never
  })
  await app.register(simplejwt, withDefault())
  app.get('/', { onRequest: app.authenticate }, idOf)
  app.get('/none', idOf)
  t.same(await statuses(app, '/'), [401, 200])
  t.same(await statuses(app, '/none'), [401, 200])
})

interface Document {
  paths: Record<string, Record<string, { security?: object[] }>>
  components?: { securitySchemes?: Record<string, { type: string }> }
  securityDefinitions?: Record<string, { type: string }>
}

async function documentOf (app: FastifyInstance): Promise<Document> {
  await app.ready()
  return app.swagger() as unknown as Document
}

const securityOf = ({ paths }: Document, path: string, method = 'get'): unknown =>
  paths[path]?.[method]?.security

async function routes (app: FastifyInstance): Promise<void> {
  app.get('/guarded', idOf)
  app.get('/tagged', { schema: { tags: ['x'] } }, idOf)
  app.get('/optional', { onRequest: authenticateOptional }, idOf)
  app.get('/claims', { onRequest: requireClaims({ role: 'admin' }) }, idOf)
  app.get('/scope', { onRequest: requireScope('photos:read') }, idOf)
  app.get('/client', { onRequest: requireClient() }, idOf)
  app.get('/public', { config: { public: true } }, idOf)
  app.get('/own', { schema: { security: [{ key: [] }] } as object }, idOf)
}

t.test('OpenAPI: guarded routes and /sessions carry security, public ones do not', async t => {
  const key = { type: 'apiKey', name: 'x', in: 'header' } as const
  for (const options of [
    { openapi: { components: { securitySchemes: { key } } } },
    { swagger: { securityDefinitions: { key } } }
  ]) {
    const app = create(t)
    await app.register(swagger, options)
    await app.register(simplejwt, withDefault())
    await routes(app)
    const document = await documentOf(app)
    const isTwo = 'swagger' in options
    for (const path of [
      '/guarded', '/tagged', '/claims', '/scope', '/client', '/api/token/sessions'
    ]) {
      t.same(securityOf(document, path), [{ bearer: [] }], path)
    }
    t.same(securityOf(document, '/api/token/sessions/{sid}', 'delete'), [{ bearer: [] }])
    t.same(securityOf(document, '/optional'), [{ bearer: [] }, {}])
    t.same(securityOf(document, '/own'), [{ key: [] }])
    for (const [path, method] of [['/public', 'get'], ['/api/token/', 'post']] as const) {
      t.equal(securityOf(document, path, method), undefined, path)
    }
    const schemes = isTwo ? document.securityDefinitions : document.components?.securitySchemes
    t.match(schemes, { key, bearer: { type: isTwo ? 'apiKey' : 'http' } })
  }
})

t.test('OpenAPI: a scheme "bearer" of the host stays its own', async t => {
  const app = create(t)
  const bearer = { type: 'http', scheme: 'bearer', description: 'of the host' } as const
  await app.register(swagger, { openapi: { components: { securitySchemes: { bearer } } } })
  await app.register(simplejwt, withDefault())
  t.same((await documentOf(app)).components?.securitySchemes, { bearer })
})

t.test('OpenAPI: a document without our routes has no security', async t => {
  const app = create(t)
  await app.register(simplejwt, withDefault())
  await app.register(swagger)
  app.get('/guarded', idOf)
  t.equal(securityOf(await documentOf(app), '/guarded'), undefined)
})
