import fastify, { type FastifyInstance } from 'fastify'
import t from 'tap'
import simplejwt, {
  type Authenticate, type AuthenticateUser, type TokenService, memoryStore
} from '../../plugin/index.ts'
import { createUsers } from '../fixtures/app.ts'
import { buildHost, goodOptions } from '../fixtures/host.ts'

const staff = createUsers().filter(user => user.name === 'maria')
const staffOptions = goodOptions({
  namespace: 'staff',
  prefix: '/staff/token',
  secret: 'the secret of the staff, 32 bytes.',
  realm: 'staff',
  verifyCredentials: ({ username, password }) =>
    staff.find(user => user.name === username && user.password === password) ?? null,
  findUser: userId => staff.find(user => String(user.id) === userId) ?? null
})

const buildBoth = (t: { after(close: () => unknown): void }) => buildHost(t, {
  after: async app => {
    await app.register(simplejwt, staffOptions)
    app.get('/hello', { onRequest: app.authenticate }, async request => request.user)
    app.get(
      '/staff/hello',
      { onRequest: app.getDecorator<Authenticate>('staffAuthenticate') },
      async request => request.user
    )
    app.get(
      '/staff/me',
      { onRequest: app.getDecorator<AuthenticateUser>('staffAuthenticateUser') },
      async request => request.account
    )
  }
})

async function staffLogin (app: FastifyInstance): Promise<{ access: string, refresh: string }> {
  return (
    await app.inject({
      method: 'POST',
      url: '/staff/token/',
      payload: { username: 'maria', password: '456' }
    })
  ).json()
}

t.test('a second registration has decorators, routes and users of its own', async t => {
  const { app, get, login } = await buildBoth(t)
  const { access } = await login()
  const own = await staffLogin(app)
  t.equal((await get('/hello', access)).json().user_id, '1')
  t.equal((await get('/staff/hello', own.access)).json().user_id, '3')
  t.equal((await get('/staff/me', own.access)).json().name, 'maria')
  t.equal(
    (
      await app.inject({
        method: 'POST',
        url: '/staff/token/',
        payload: { username: 'vitor', password: '123' }
      })
    ).statusCode,
    401
  )
  t.notOk(app.hasDecorator('authenticateUser'), 'the first has no findUser')

  const tokens = app.getDecorator<TokenService>('staffTokens')
  t.not(tokens, app.tokens)
  t.equal((await tokens.sessions(3)).length, 1)
  t.equal((await app.tokens.sessions(3)).length, 0)
})

t.test('neither accepts a token of the other, and each says so in its own realm', async t => {
  const { app, get, login } = await buildBoth(t)
  const first = await login()
  const second = await staffLogin(app)
  const body = (refresh: string) => ({ method: 'POST' as const, payload: { refresh } })
  for (const { name, reply, realm } of [
    { name: 'guard', reply: await get('/hello', second.access), realm: 'api' },
    { name: 'guard of the staff', reply: await get('/staff/hello', first.access), realm: 'staff' },
    {
      name: 'guard with user of the staff',
      reply: await get('/staff/me', first.access),
      realm: 'staff'
    },
    {
      name: 'refresh',
      reply: await app.inject({ url: '/api/token/refresh/', ...body(second.refresh) }),
      realm: 'api'
    },
    {
      name: 'refresh of the staff',
      reply: await app.inject({ url: '/staff/token/refresh/', ...body(first.refresh) }),
      realm: 'staff'
    },
    { name: 'sessions', reply: await get('/api/token/sessions/', second.access), realm: 'api' },
    {
      name: 'sessions of the staff',
      reply: await get('/staff/token/sessions/', first.access),
      realm: 'staff'
    }
  ]) {
    t.equal(reply.statusCode, 401, name)
    t.equal(
      reply.headers['www-authenticate'], `Bearer realm="${realm}", error="invalid_token"`, name
    )
  }
  await t.rejects(app.tokens.verify(second.access), { code: 'token_not_valid' })
})

t.test('a logout of the one is none of the other', async t => {
  const { app, get, login } = await buildBoth(t)
  const { access } = await login()
  const own = await staffLogin(app)
  t.equal(await app.tokens.revokeUser(3), 0)
  t.equal(await app.getDecorator<TokenService>('staffTokens').revokeUser(3), 1)
  t.equal((await get('/staff/hello', own.access)).statusCode, 401)
  t.equal((await get('/hello', access)).statusCode, 200)
})

t.test('the namespaced registration may come first, or alone', async t => {
  const { app } = await buildHost(t, { before: app => app.register(simplejwt, staffOptions) })
  t.ok(app.hasDecorator('authenticate'))
  const alone = fastify()
  t.after(() => alone.close())
  await alone.register(simplejwt, staffOptions)
  t.ok(alone.hasDecorator('staffTokens'))
  t.notOk(alone.hasDecorator('authenticate'))
})

t.test('a registration in a place that is taken stops the start and says what to do', async t => {
  const namespaced = { namespace: 'staff', prefix: '/staff/token' }
  for (const { first, second, message } of [
    { first: {}, second: {}, message: /app\.authenticate exists already.*"namespace"/ },
    {
      first: {},
      second: { prefix: '/other' },
      message: /app\.authenticate exists already.*"namespace"/
    },
    {
      first: namespaced,
      second: { ...namespaced, prefix: '/other' },
      message: /app\.staffAuthenticate exists already.*"namespace"/
    }
  ]) {
    const app = fastify()
    t.after(() => app.close())
    await app.register(simplejwt, goodOptions(first))
    await t.rejects(async () => { await app.register(simplejwt, goodOptions(second)) }, { message })
  }
})

t.test('a host that has an app.authenticate of its own is told so', async t => {
  const app = fastify()
  t.after(() => app.close())
  app.decorate('authenticate', async () => {})
  await t.rejects(
    async () => {
      await app.register(simplejwt, goodOptions())
    },
    { message: /app\.authenticate exists already/ }
  )
})

t.test('two registrations on one store object see the logouts of each other at once', async t => {
  const store = memoryStore()
  const { app, get, login } = await buildHost(t, {
    options: { store },
    after: async app => {
      await app.register(simplejwt, goodOptions({ namespace: 'app', prefix: '/app', store }))
      app.get('/first', { onRequest: app.authenticate }, async () => 'first')
      app.get('/second', { onRequest: app.getDecorator<Authenticate>('appAuthenticate') },
        async () => 'second')
    }
  })
  for (const [loginAt, logoutAt] of [['/api/token', '/app'], ['/app', '/api/token']]) {
    const { access, refresh } = await login(loginAt)
    for (const url of ['/first', '/second']) t.equal((await get(url, access)).statusCode, 200)
    await app.inject({ method: 'POST', url: `${logoutAt}/blacklist/`, payload: { refresh } })
    for (const url of ['/first', '/second']) t.equal((await get(url, access)).statusCode, 401, url)
  }
})
