import fastify, { type FastifyInstance } from 'fastify'
import t from 'tap'
import simplejwt from '../../plugin/index.ts'
import { NO_CREDENTIALS, buildHost, goodOptions } from '../fixtures/host.ts'

const OTHER_SECRET = 'another secret of thirty-two bytes'
const hello = (app: FastifyInstance): void => {
  app.get('/hello', { onRequest: app.authenticate }, async request => request.user)
}

async function logIn (
  app: FastifyInstance, url: string
): Promise<{ access: string, refresh: string }> {
  return (
    await app.inject({ method: 'POST', url, payload: { username: 'vitor', password: '123' } })
  ).json()
}
const ask = (app: FastifyInstance, url: string, access: string) =>
  app.inject({ url, headers: { authorization: `Bearer ${access}` } })

function build (t: { after(close: () => unknown): void }): FastifyInstance {
  const app = fastify()
  t.after(() => app.close())
  return app
}

for (const { name, scopePrefix, prefix, url } of [
  { name: 'in a scope without a prefix', scopePrefix: '', prefix: undefined, url: '/api/token' },
  { name: 'in a scope with a prefix', scopePrefix: '/v1', prefix: undefined, url: '/v1/api/token' },
  {
    name: 'in a scope with a prefix, with a prefix of its own',
    scopePrefix: '/v1',
    prefix: '/auth',
    url: '/v1/auth'
  },
  {
    name: 'in a scope with a prefix, with one that ends in a slash',
    scopePrefix: '/v1',
    prefix: '/auth/',
    url: '/v1/auth'
  }
]) {
  t.test(`${name} the plugin serves its routes there and stays inside the scope`, async t => {
    const app = build(t)
    await app.register(async scope => {
      await scope.register(simplejwt, goodOptions(prefix === undefined ? {} : { prefix }))
      hello(scope)
    }, { prefix: scopePrefix })

    t.equal((await ask(app, `${scopePrefix}/hello`, 'x')).statusCode, 401)
    const { access, refresh } = await logIn(app, `${url}/`)
    t.equal((await ask(app, `${scopePrefix}/hello`, access)).statusCode, 200)
    for (const slash of ['', '/']) {
      t.equal(
        (await app.inject({ method: 'POST', url: `${url}/refresh${slash}`, payload: { refresh } }))
          .statusCode,
        200
      )
      t.equal(
        (await app.inject({ method: 'POST', url: `${url}${slash}`, payload: {} })).statusCode, 400
      )
      const options = await app.inject({ method: 'OPTIONS', url: `${url}/refresh${slash}` })
      t.equal(options.statusCode, 204)
      t.equal(options.headers.allow, 'POST, OPTIONS')
      t.equal(
        (await app.inject({ method: 'DELETE', url: `${url}/refresh${slash}` })).statusCode, 405
      )
    }
    for (const name of ['authenticate', 'tokens']) {
      t.notOk(app.hasDecorator(name), `${name} is not outside`)
    }
  })
}

t.test('a scope below the plugin has its guard', async t => {
  const { get, login } = await buildHost(t, {
    after: app => {
      app.register(async scope => hello(scope), { prefix: '/deep' })
    }
  })
  t.equal((await get('/deep/hello')).body, NO_CREDENTIALS)
  t.equal((await get('/deep/hello', (await login()).access)).statusCode, 200)
})

t.test('two sibling scopes know nothing of each other', async t => {
  const app = build(t)
  for (const [prefix, secret] of [
    ['/one', 'the secret of scope one, 32 bytes'],
    ['/two', OTHER_SECRET]
  ] as const) {
    app.register(async scope => {
      await scope.register(simplejwt, goodOptions({ secret, realm: prefix.slice(1) }))
      hello(scope)
    }, { prefix })
  }
  const one = await logIn(app, '/one/api/token/')
  const two = await logIn(app, '/two/api/token/')
  t.equal((await ask(app, '/one/hello', one.access)).statusCode, 200)
  t.equal((await ask(app, '/two/hello', two.access)).statusCode, 200)
  const refused = await ask(app, '/one/hello', two.access)
  t.equal(refused.statusCode, 401)
  t.equal(refused.headers['www-authenticate'], 'Bearer realm="one", error="invalid_token"')
  t.equal(
    (
      await app.inject({
        method: 'POST',
        url: '/two/api/token/refresh/',
        payload: { refresh: one.refresh }
      })
    ).statusCode,
    401
  )
})

t.test('a guard over a whole scope closes that scope and leaves the token routes open', async t => {
  const { get, login } = await buildHost(t, {
    after: app => {
      app.register(async scope => {
        scope.addHook('onRequest', app.authenticate)
        scope.get('/any', async () => 'any')
      }, { prefix: '/closed' })
    }
  })
  t.equal((await get('/closed/any')).body, NO_CREDENTIALS)
  t.equal((await get('/closed/any', (await login()).access)).statusCode, 200)
})
