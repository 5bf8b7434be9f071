import fastifyAuth from '@fastify/auth'
import fastify, { type FastifyInstance, type FastifyRequest } from 'fastify'
import t from 'tap'
import simplejwt, {
  type SimpleJwtOptions, authenticate, authenticateOptional, authenticateUser, claimsOf,
  requireClaims, requireClient, requireScope
} from '../../plugin/index.ts'
import { SECRET, createClock, createUsers } from '../fixtures/app.ts'
import { NO_CREDENTIALS, goodOptions } from '../fixtures/host.ts'
import { accessClaims, refreshClaims, sign } from '../fixtures/tokens/jwt.ts'

const OTHER_SECRET = 'another secret of thirty-two byte'
const NEEDS_PLUGIN = 'fastify-simplejwt: authenticate needs the plugin. Register it in this ' +
  'scope, or in a parent.'

const bearer = (claims: Record<string, unknown> = {}, secret = SECRET) =>
  ({ authorization: `Bearer ${sign(accessClaims(claims), undefined, secret)}` })

function create (t: { after(close: () => unknown): void }): FastifyInstance {
  const app = fastify()
  t.after(() => app.close())
  return app
}

const idOf = async (request: FastifyRequest) => ({ id: claimsOf(request)?.user_id ?? null })
const withNamespace = (namespace: string, more: Partial<SimpleJwtOptions> = {}) =>
  goodOptions({ namespace, prefix: `/${namespace}`, ...more })

t.test('an exported guard works on a route from before the plugin is loaded', async t => {
  const app = create(t)
  app.register(simplejwt, goodOptions())
  app.get('/first', { onRequest: authenticate }, idOf)
  app.get('/list', { preHandler: [authenticate] }, idOf)
  app.get('/parsing', { preParsing: authenticate }, idOf)
  app.get('/validation', { preValidation: authenticate }, idOf)
  app.register(async scope => {
    scope.addHook('onRequest', authenticate)
    scope.get('/scope', idOf)
  })
  for (const url of ['/first', '/list', '/parsing', '/validation', '/scope']) {
    t.equal((await app.inject(url)).body, NO_CREDENTIALS, url)
    t.same((await app.inject({ url, headers: bearer() })).json(), { id: '1' }, url)
  }
  const authorization = `Bearer ${sign(refreshClaims())}`
  t.equal((await app.inject({ url: '/first', headers: { authorization } })).statusCode, 401)
})

t.test('an exported guard without the plugin stops the start, and names the route', async t => {
  const guards = { authenticate, authenticateOptional, authenticateUser }
  for (const [name, guard] of Object.entries(guards)) {
    for (const phase of ['onRequest', 'preParsing', 'preValidation', 'preHandler']) {
      for (const hooks of [guard, [async () => {}, guard]]) {
        const app = create(t)
        app.get('/orders/:id', { [phase]: hooks }, idOf)
        await t.rejects(async () => app.ready(), {
          message: `fastify-simplejwt: ${name} needs the plugin. Register it in this scope, or in ` +
            'a parent. It guards GET /orders/:id.'
        })
      }
    }
  }
  const built = {
    requireClaims: requireClaims({ role: 'admin' }),
    requireScope: requireScope('orders:write'),
    requireClient: requireClient()
  }
  for (const [name, guard] of Object.entries(built)) {
    const app = create(t)
    app.route({ method: ['POST', 'PUT'], url: '/orders', onRequest: guard, handler: idOf })
    await t.rejects(async () => app.ready(), {
      message: `fastify-simplejwt: ${name} needs the plugin. Register it in this scope, or in ` +
        'a parent. It guards POST,PUT /orders.'
    })
  }
})

t.test('an exported guard as a hook of a scope without the plugin stops the start', async t => {
  const app = create(t)
  app.register(async scope => {
    scope.addHook('onRequest', authenticate)
    scope.get('/orders', idOf)
  })
  app.register(async scope => { await scope.register(simplejwt, goodOptions()) })
  await t.rejects(async () => app.ready(), { message: NEEDS_PLUGIN })
})

t.test('exported guards: use the registration of the innermost scope', async t => {
  const app = create(t)
  const show = { onRequest: authenticate }
  app.register(simplejwt, goodOptions())
  app.register(async scope => {
    await scope.register(simplejwt, withNamespace('staff', { secret: OTHER_SECRET }))
    scope.get('/inner', show, idOf)
    scope.register(async deeper => { deeper.get('/deeper', show, idOf) })
  })
  app.get('/outer', show, idOf)
  for (const [url, secret] of
    [['/outer', SECRET], ['/inner', OTHER_SECRET], ['/deeper', OTHER_SECRET]] as const) {
    for (const used of [SECRET, OTHER_SECRET]) {
      const { statusCode } = await app.inject({ url, headers: bearer({}, used) })
      t.equal(statusCode, used === secret ? 200 : 401, url)
    }
  }
})

t.test('exported guards: in one scope the registration without a namespace is used', async t => {
  const first = (app: FastifyInstance) => app.register(simplejwt, goodOptions())
  const staff = (app: FastifyInstance) =>
    app.register(simplejwt, withNamespace('staff', { secret: OTHER_SECRET }))
  for (const [register, then] of [[first, staff], [staff, first]] as const) {
    const app = create(t)
    await register(app)
    await then(app)
    app.get('/', { onRequest: authenticate }, idOf)
    t.equal((await app.inject({ url: '/', headers: bearer() })).statusCode, 200)
    t.equal((await app.inject({ url: '/', headers: bearer({}, OTHER_SECRET) })).statusCode, 401)
  }
})

t.test('exported guards: several registrations, each with a namespace, are ambiguous', async t => {
  for (const count of [1, 2, 3]) {
    const app = create(t)
    for (const namespace of ['staff', 'guest', 'robot'].slice(0, count)) {
      await app.register(simplejwt, withNamespace(namespace))
    }
    app.get('/', { onRequest: authenticate }, idOf)
    if (count === 1) {
      await t.resolves(async () => app.ready())
      continue
    }
    await t.rejects(async () => app.ready(), {
      message: /^fastify-simplejwt: authenticate is ambiguous: .* It guards GET \/\.$/
    })
    await app.close()
    const solved = create(t)
    await solved.register(simplejwt, withNamespace('staff'))
    await solved.register(simplejwt, withNamespace('guest'))
    await solved.register(simplejwt, goodOptions())
    solved.get('/', { onRequest: authenticate }, idOf)
    await t.resolves(async () => solved.ready())
  }
})

t.test('exported guards: a request in a scope without the plugin is a 500', async t => {
  const app = create(t)
  // Neither a hook nor an option of a route: no start can know of it.
  app.get('/', async (request, reply) => { await authenticate(request, reply) })
  t.match((await app.inject({ url: '/', headers: bearer() })).json(), {
    statusCode: 500, message: NEEDS_PLUGIN
  })
  const wrapped = create(t)
  wrapped.get('/', {
    onRequest: (request, reply, done) => { authenticate(request, reply, done) }
  }, idOf)
  t.equal((await wrapped.inject({ url: '/', headers: bearer() })).statusCode, 500)
})

t.test('exported guards: can be awaited, and are strategies of @fastify/auth', async t => {
  const app = create(t)
  await app.register(fastifyAuth)
  app.register(simplejwt, goodOptions())
  app.get('/auth', { onRequest: app.auth([authenticate]) }, idOf)
  app.get('/awaited', async (request, reply) => {
    await authenticate(request, reply)
    return idOf(request)
  })
  for (const url of ['/auth', '/awaited']) {
    t.same((await app.inject({ url, headers: bearer() })).json(), { id: '1' })
    t.equal((await app.inject(url)).body, NO_CREDENTIALS)
  }
})

t.test('authenticateUser: stops the start without the option findUser', async t => {
  const app = create(t)
  app.register(simplejwt, goodOptions())
  app.get('/me', { onRequest: authenticateUser }, idOf)
  await t.rejects(async () => app.ready(), {
    message: 'fastify-simplejwt: authenticateUser needs the option "findUser". It guards GET /me.'
  })
})

t.test('authenticateUser: sets request.account', async t => {
  const app = create(t)
  app.register(simplejwt, goodOptions({ findUser: id => ({ id, name: 'vitor' }) as never }))
  app.get('/me', { onRequest: authenticateUser }, async ({ user, account }) =>
    ({ account, id: user.user_id }))
  t.same((await app.inject({ url: '/me', headers: bearer() })).json(),
    { account: { id: '1', name: 'vitor' }, id: '1' })
  t.equal((await app.inject('/me')).body, NO_CREDENTIALS)
})

t.test('requireClaims: an export checks its requirement at once, and each request', async t => {
  t.throws(() => requireClaims({}), { name: 'TypeError', message: /needs at least one claim/ })
  const app = create(t)
  const admin = { onRequest: requireClaims({ role: 'admin' }) }
  app.register(simplejwt, goodOptions())
  app.get('/', admin, idOf)
  app.register(async scope => {
    await scope.register(simplejwt, withNamespace('staff', { secret: OTHER_SECRET }))
    scope.get('/staff', admin, idOf)
  })
  for (const [url, secret] of [['/', SECRET], ['/staff', OTHER_SECRET]] as const) {
    for (const [role, status] of [['admin', 200], ['user', 403], ['admin', 200]] as const) {
      const { statusCode } = await app.inject({ url, headers: bearer({ role }, secret) })
      t.equal(statusCode, status, `${url} ${role}`)
    }
  }
})

t.test('requireScope, requireClient: an export uses the registration of its scope', async t => {
  const app = create(t)
  const guards = {
    photos: { onRequest: requireScope('photos:read') },
    reports: { preHandler: [requireClient('photos:read')] }
  }
  const routes = (scope: FastifyInstance, prefix: string): void => {
    for (const [url, guard] of Object.entries(guards)) {
      scope.get(`${prefix}/${url}`, guard, async ({ user, client }) => ({ user, client }))
    }
  }
  routes(app, '')
  app.register(simplejwt, goodOptions())
  app.register(async scope => {
    await scope.register(simplejwt, withNamespace('staff', { secret: OTHER_SECRET }))
    routes(scope, '/staff')
  })
  const ask = (url: string, claims: Record<string, unknown>, secret: string) =>
    app.inject({ url, headers: bearer({ client_id: 'printer', ...claims }, secret) })
  for (const [prefix, secret, other] of
    [['', SECRET, OTHER_SECRET], ['/staff', OTHER_SECRET, SECRET]] as const) {
    const [photos, reports] = [`${prefix}/photos`, `${prefix}/reports`]
    for (const seen of ['first', 'again', 'known']) {
      t.match((await ask(photos, { scope: 'photos:read' }, secret)).json(),
        { user: { user_id: '1', client_id: 'printer' } }, seen)
      t.equal((await ask(photos, { scope: 'x' }, secret)).statusCode, 403)
      t.equal((await ask(photos, { scope: 'photos:read' }, other)).statusCode, 401)
      const asClient = { token_type: 'client', scope: 'photos:read' }
      t.match((await ask(reports, asClient, secret)).json(),
        { user: null, client: { client_id: 'printer' } })
      t.equal((await ask(reports, { ...asClient, scope: 'x' }, secret)).statusCode, 403)
      t.equal((await ask(reports, { scope: 'photos:read' }, secret)).statusCode, 401)
      t.equal((await ask(reports, asClient, other)).statusCode, 401)
    }
    t.equal((await app.inject(photos)).body, NO_CREDENTIALS)
    t.equal((await app.inject(reports)).body, NO_CREDENTIALS)
  }
})

t.test('authenticateOptional: passes without a token, and refuses a bad one', async t => {
  const users = createUsers()
  for (const revocation of ['list', 'store'] as const) {
    const app = create(t)
    app.register(simplejwt, goodOptions({ revocation, now: createClock() }))
    app.get('/', { onRequest: authenticateOptional }, async request => ({ user: request.user }))
    await app.ready()
    const { access } = await app.tokens.issue(users[0]!)
    const ask = (authorization?: string) =>
      app.inject({ url: '/', headers: authorization === undefined ? {} : { authorization } })
    t.same((await ask()).json(), { user: null })
    t.same((await ask('Basic dml0b3I6MTIz')).json(), { user: null })
    t.same((await ask('')).json(), { user: null })
    for (const seen of ['first', 'again', 'known']) {
      t.match((await ask(`Bearer ${access}`)).json(), { user: { user_id: '1' } }, seen)
    }
    for (const bad of ['Bearer', 'Bearer x', 'bearer a b', `Bearer ${sign(refreshClaims())}`]) {
      t.equal((await ask(bad)).statusCode, 401, bad)
    }
    await app.tokens.revokeUser(1)
    t.equal((await ask(`Bearer ${access}`)).statusCode, 401, 'revoked')
  }
})
