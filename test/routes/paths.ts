import fastify, { type FastifyInstance } from 'fastify'
import swagger from '@fastify/swagger'
import t from 'tap'
import simplejwt, { type SimpleJwtOptions } from '../../plugin/index.ts'
import { goodOptions } from '../fixtures/host.ts'
import { buildApp } from '../fixtures/app.ts'
import type { Test } from '../fixtures/servers/home.ts'

const PATHS = {
  obtain: '/auth/jwt/create/',
  refresh: '/auth/jwt/refresh',
  verify: '/check',
  blacklist: '/auth/logout/',
  sessions: '/me/devices'
}
const LOGIN = { username: 'vitor', password: '123' }

t.test('paths: each route is at its path, with and without a trailing slash', async t => {
  for (const slash of ['', '/']) {
    const { app, post } = await buildApp(t, { paths: PATHS })
    const { access, refresh } = (await post(`/auth/jwt/create${slash}`, LOGIN)).json()
    const headers = { authorization: `Bearer ${access}` }
    const next = (await post(`/auth/jwt/refresh${slash}`, { refresh })).json()
    t.equal((await post(`/check${slash}`, { token: next.access })).statusCode, 200)
    const listed = await app.inject({ url: `/me/devices${slash}`, headers })
    t.match(listed.json(), [{ current: true }])
    const url = `/me/devices/${listed.json()[0].sid}${slash}`
    t.equal((await app.inject({ method: 'DELETE', url, headers })).statusCode, 204)
    const again = (await post(`/auth/jwt/create${slash}`, LOGIN)).json()
    t.equal((await post(`/auth/logout${slash}`, { refresh: again.refresh })).body, '{}')
    for (const path of ['', '/refresh', '/verify', '/blacklist', '/sessions']) {
      t.match((await post(`/api/token${path}`)).json(), { message: /not found/ }, path)
    }
  }
})

t.test('paths: their requests are parsed, validated and refused as below the prefix', async t => {
  const { app, post } = await buildApp(t, { paths: PATHS })
  const required = ['This field is required.']
  t.same((await post('/auth/jwt/create')).json(), { username: required, password: required })
  t.same((await post('/auth/jwt/refresh')).json(), { refresh: required })
  const form = await app.inject({
    method: 'POST',
    url: '/auth/jwt/create/',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    payload: 'username=vitor&password=123'
  })
  t.equal(form.statusCode, 200)
  t.equal(form.headers['cache-control'], 'no-store')
  const xml = await app.inject({
    method: 'POST', url: '/check', headers: { 'content-type': 'text/xml' }, payload: '<a/>'
  })
  t.same([xml.statusCode, xml.json()],
    [415, { detail: 'Unsupported media type "text/xml" in request.' }])
  const headers = { 'content-type': 'application/json' }
  const bad = await app.inject({ method: 'POST', url: '/check', headers, payload: '{' })
  t.match(bad.json(), { detail: /^JSON parse error/ })
})

t.test('paths: another method is a 405, and the paths of the host stay its own', async t => {
  const { app } = await buildApp(t, { paths: PATHS })
  app.get('/auth/jwt/create', async () => 'the page of the login')
  app.post('/auth/jwt/create/code', async () => 'theirs')
  app.setNotFoundHandler(async (_request, reply) => reply.code(404).send('theirs'))
  const answer = async (method: 'GET', url: string) => {
    const { statusCode, headers, body } = await app.inject({ method, url })
    return [statusCode, headers.allow, body]
  }
  t.equal((await answer('GET', '/auth/jwt/create'))[2], 'the page of the login')
  t.equal((await answer('POST' as 'GET', '/auth/jwt/create/code'))[2], 'theirs')
  t.strictSame(await answer('GET', '/auth/jwt/refresh/'),
    [405, 'POST, OPTIONS', '{"detail":"Method \\"GET\\" not allowed."}'])
  t.strictSame(await answer('OPTIONS' as 'GET', '/auth/logout'), [204, 'POST, OPTIONS', ''])
  t.strictSame((await answer('PUT' as 'GET', '/me/devices/some-id')).slice(0, 2),
    [405, 'DELETE, OPTIONS'])
  t.strictSame(await answer('GET', '/check/more'), [404, undefined, '{"detail":"Not found."}'])
  for (const url of ['/auth/jwt', '/auth/', '/me', '/checks', '/api/token/']) {
    t.strictSame(await answer('GET', url), [404, undefined, 'theirs'], url)
  }
})

t.test('paths: false is no route, and the others stay', async t => {
  const { app, post } = await buildApp(t, { paths: { verify: false, sessions: false } })
  t.equal((await post('/api/token/verify/', { token: 'x' })).statusCode, 404)
  t.equal((await app.inject('/api/token/sessions/')).statusCode, 404)
  t.equal((await post('/api/token/', LOGIN)).statusCode, 200)
  const names = Object.keys(PATHS) as (keyof typeof PATHS)[]
  const none = await buildApp(t, { paths: Object.fromEntries(names.map(name => [name, false])) })
  t.match((await none.post('/api/token/', LOGIN)).json(), { message: /not found/ })
  t.notMatch(none.app.printRoutes(), 'token')
})

t.test('paths: the host may have the login route that the plugin has not', async t => {
  for (const changes of [{ paths: { obtain: false as const } }, { verifyCredentials: undefined }]) {
    const app = fastify()
    t.after(() => app.close())
    app.post('/api/token/', async () => 'theirs')
    await app.register(simplejwt, goodOptions(changes))
    t.equal((await app.inject({ method: 'POST', url: '/api/token/' })).body, 'theirs')
    t.equal((await app.inject({ method: 'POST', url: '/api/token/refresh' })).statusCode, 400)
  }
})

t.test('without verifyCredentials there is no login route, nor in OpenAPI', async t => {
  const { app, post } = await buildApp(t, { verifyCredentials: undefined })
  t.equal((await post('/api/token/', LOGIN)).statusCode, 404)
  t.equal((await app.inject('/api/token/')).statusCode, 404, 'and no 405')
  t.notOk('/api/token/' in await documented(t, { verifyCredentials: undefined }))
  const { refresh } = await app.tokens.issue({ id: 1 })
  t.equal((await post('/api/token/refresh/', { refresh })).statusCode, 200)
})

async function documented (
  t: Test, options: Partial<SimpleJwtOptions>
): Promise<Record<string, object>> {
  const app = fastify()
  t.after(() => app.close())
  await app.register(swagger, { openapi: {} })
  await app.register(simplejwt, goodOptions(options))
  await app.ready()
  return app.swagger().paths as Record<string, object>
}

t.test('paths: OpenAPI has each route once', async t => {
  t.strictSame(Object.keys(await documented(t, { paths: PATHS })).sort(), [
    '/.well-known/jwks.json', '/auth/jwt/create/', '/auth/jwt/refresh/', '/auth/logout/', '/check/',
    '/me/devices/', '/me/devices/{sid}'
  ])
})

t.test('paths: a route of the host stops the start, by the option', async t => {
  const routes: [method: 'GET', path: string, option: string, other: string][] = [
    ['POST' as 'GET', '/auth/jwt/create', 'paths.obtain', 'path'],
    ['POST' as 'GET', '/auth/logout/', 'paths.blacklist', 'path'],
    ['GET', '/me/devices/', 'paths.sessions', 'path'],
    ['DELETE' as 'GET', '/me/devices/:id', 'paths.sessions', 'path'],
    ['POST' as 'GET', '/api/token/refresh', 'prefix', 'prefix']
  ]
  for (const [method, url, option, other] of routes) {
    const app = fastify()
    t.after(() => app.close())
    app.route({ method, url, handler: async () => 'theirs' })
    const paths = { ...PATHS, refresh: undefined }
    await t.rejects(async () => app.register(simplejwt, goodOptions({ paths })), {
      message: RegExp(`option "${option}" is taken: the app has a route ${method} .*` +
        `Choose another ${other}\\.$`)
    }, url)
  }
})

t.test('paths: two routes at one path and method are refused by name', async t => {
  const app = fastify()
  t.after(() => app.close())
  await t.rejects(async () => app.register(simplejwt, goodOptions({
    paths: { obtain: '/auth', refresh: '/auth/' }
  })), { message: 'option "paths.refresh" is taken: the app has a route POST /auth/' })
})

t.test('paths: routes of other methods may share a path, and one may be the prefix', async t => {
  const { app, post } = await buildApp(t, {
    prefix: '/auth', paths: { sessions: '/auth', refresh: '/auth/me/refresh' }
  })
  const { access, refresh } = (await post('/auth/', LOGIN)).json()
  const headers = { authorization: `Bearer ${access}` }
  t.match((await app.inject({ url: '/auth', headers })).json(), [{ current: true }])
  t.equal((await app.inject({ method: 'PUT', url: '/auth' })).headers.allow,
    'POST, GET, HEAD, DELETE, OPTIONS')
  t.equal((await post('/auth/me/refresh', { refresh })).statusCode, 200)
})

async function twoRegistrations (app: FastifyInstance, paths: object, more: object) {
  await app.register(simplejwt, goodOptions({ paths }))
  await app.register(simplejwt, goodOptions({
    namespace: 'staff', prefix: '/staff', audience: 'staff', ...more
  }))
}

t.test('paths: two registrations have theirs', async t => {
  const app = fastify()
  t.after(() => app.close())
  await twoRegistrations(app, { obtain: '/login' }, { paths: { obtain: '/login/staff' } })
  const audience = async (url: string) => {
    const { access } = (await app.inject({ method: 'POST', url, payload: LOGIN })).json()
    return JSON.parse(Buffer.from(access.split('.')[1], 'base64url').toString()).aud
  }
  t.equal(await audience('/login'), undefined)
  t.equal(await audience('/login/staff/'), 'staff')
  t.equal((await app.inject('/login/staff')).headers.allow, 'POST, OPTIONS')
})

t.test('paths: two registrations at one path stop the start, by the option', async t => {
  const app = fastify()
  t.after(() => app.close())
  const paths = { refresh: '/login' }
  await t.rejects(twoRegistrations(app, { obtain: '/login' }, { paths }), {
    name: 'TypeError', message: 'option "paths.refresh" is taken'
  })
})
