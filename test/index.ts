import { mock } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import fastify from 'fastify'
import t from 'tap'
import simplejwt, { SimpleJwtError, memoryStore, simplejwt as named } from '../plugin/index.ts'
import { MINUTE, SECRET, buildApp } from './fixtures/app.ts'
import { serve } from './fixtures/servers/serve.ts'
import { VERIFIES, startApp } from './fixtures/stores/started.ts'

const options = { secret: SECRET, verifyCredentials: () => null }

t.test('the plugin is the default export, and a named one', async t => {
  t.equal(simplejwt, named)
  t.type(memoryStore, 'function')
  t.ok(new SimpleJwtError(400, 'invalid', { detail: 'x' }) instanceof Error)
})

t.test('one registration gives the guard, the tokens and the routes', async t => {
  const { app } = await buildApp(t)
  t.ok(app.hasDecorator('authenticate'))
  t.ok(app.hasDecorator('tokens'))
  t.notOk(app.hasDecorator('jwt'), 'and nothing of @fastify/jwt')
  t.notOk(app.hasRequestDecorator('jwtVerify'), 'nor what it declares')
  t.ok(app.hasRoute({ method: 'POST', url: '/api/token/refresh/' }))
})

t.test('authenticateUser comes with findUser', async t => {
  const { app } = await buildApp(t, { findUser: () => null })
  t.ok(app.hasDecorator('authenticateUser'))
})

t.test('guardByDefault: guards the routes of the app, and not the login', async t => {
  const { app, login, hello } = await buildApp(t, { guardByDefault: true })
  app.get('/orders/', async request => request.user.user_id)
  const { access } = await login()
  t.equal((await hello(access)).statusCode, 200)
  t.equal((await app.inject('/orders/')).statusCode, 401)
  const authorization = `Bearer ${access}`
  t.equal((await app.inject({ url: '/orders/', headers: { authorization } })).body, '1')
})

t.test('a name that is taken is a clear error', async t => {
  const app = fastify()
  t.after(() => app.close())
  app.decorate('authenticate', async () => {})
  await t.rejects(
    async () => {
      await app.register(simplejwt, options)
    },
    { message: /app\.authenticate exists already.*"namespace"/ }
  )
})

t.test('a prefix that is taken stops the start', async t => {
  const { app } = await buildApp(t)
  await t.rejects(
    async () => {
      await app.register(simplejwt, { ...options, namespace: 'staff', prefix: '/api/token/' })
    },
    { message: /"prefix" is taken: the app has a route POST \/api\/token\// }
  )
})

t.test('a bad option stops the start', async t => {
  const app = fastify()
  t.after(() => app.close())
  await t.rejects(
    async () => {
      await app.register(simplejwt, { ...options, secret: 'short' })
    },
    { message: /option "secret" must have at least 32 bytes/ }
  )
})

t.test('sweep: runs every minute until the app is closed, even if the store fails', async t => {
  mock.timers.enable({ apis: ['setInterval'] })
  t.after(() => { mock.timers.reset() })
  let sweeps = 0
  const store = { ...memoryStore(), sweep: async () => { sweeps++; throw new Error('down') } }
  const { app } = await buildApp(t, { store })
  mock.timers.tick(2 * MINUTE)
  await setImmediate()
  t.equal(sweeps, 2)
  await app.close()
  mock.timers.tick(2 * MINUTE)
  await setImmediate()
  t.equal(sweeps, 2)
})

t.test('a further registration has decorators of its own names', async t => {
  const { app } = await buildApp(t)
  const other = fastify()
  t.after(() => other.close())
  await other.register(simplejwt, {
    ...options,
    namespace: 'staff',
    prefix: '/staff/token',
    findUser: () => null
  })
  for (const name of ['staffAuthenticate', 'staffAuthenticateUser', 'staffTokens']) {
    t.ok(other.hasDecorator(name), name)
  }
  t.notOk(other.hasDecorator('authenticate'))
  t.notOk(app.hasDecorator('staffTokens'))
})

t.test('the revocation list is read at the start, and the store closed with the app', async t => {
  for (const revocation of ['list', 'off'] as const) {
    const calls: string[] = []
    const store = {
      ...memoryStore(),
      close: async () => {
        calls.push('close')
      },
      revokedSince: async () => {
        calls.push('revokedSince')
        return []
      }
    }
    const { app } = await buildApp(t, { store, revocation })
    await app.ready()
    await app.close()
    t.strictSame(calls, revocation === 'list' ? ['revokedSince', 'close'] : ['close'])
  }
})

t.test('a store that cannot be used stops the start, and says why', async t => {
  const cause = new Error('The table simplejwt_sessions is missing.')
  const calls: string[] = []
  const store = {
    ...memoryStore(),
    list: async () => {
      throw cause
    },
    revokedSince: async () => {
      calls.push('revokedSince')
      return []
    }
  }
  const { app } = await buildApp(t, { store })
  await t.rejects(
    async () => {
      await app.ready()
    },
    {
      message:
        'fastify-simplejwt: the session store cannot be used. The table simplejwt_sessions is ' +
        'missing.',
      cause
    }
  )
  t.same(calls, [], 'and it is not asked again')
})

t.test('a store that can only be read stops the start, and says why', async t => {
  const cause = new Error('The store is read-only.')
  const store = { ...memoryStore(), check: async () => { throw cause } }
  await t.rejects(startApp(t, store), {
    message: 'fastify-simplejwt: the session store cannot be used. The store is read-only.',
    cause
  })
})

t.test('a registration that only verifies needs no store that can be written to', async t => {
  const store = { ...memoryStore(), check: async () => { throw new Error('read-only') } }
  t.strictSame((await startApp(t, store, VERIFIES)).warnings, [])
})

t.test('each warning of the store is one line of the log', async t => {
  const store = { ...memoryStore(), check: async () => ['Set a.', 'Set b.'] }
  t.strictSame((await startApp(t, store)).warnings, [
    'fastify-simplejwt: Set a.', 'fastify-simplejwt: Set b.'
  ])
})

t.test('jwksUrl: adds a guard and no routes, and closes while the issuer hangs', async t => {
  const { url } = await serve(t, () => {})
  const app = fastify()
  await app.register(simplejwt, { jwksUrl: `${url}/jwks.json` })
  app.get('/hello/', { onRequest: app.authenticate }, async () => 'hello')
  await app.ready()
  t.equal((await app.inject('/hello/')).statusCode, 401)
  for (const path of ['/api/token/', '/.well-known/jwks.json']) {
    t.equal(
      (await app.inject({ method: 'POST', url: path })).json().message,
      `Route POST:${path} not found`
    )
  }
  const begun = performance.now()
  await app.close()
  t.ok(performance.now() - begun < 2000)
})
