import type { FastifyInstance, FastifyServerOptions } from 'fastify'
import t from 'tap'
import { SimpleJwtError } from '../../plugin/index.ts'
import { NO_CREDENTIALS, buildHost } from '../fixtures/host.ts'

type ErrorHandler = Parameters<FastifyInstance['setErrorHandler']>[0]

/** Knows its own errors and hands on all others. */
const handOn: ErrorHandler = (error, _request, reply) => {
  if (error instanceof Error && error.message === 'mine') {
    return reply.code(499).send({ problem: 'mine' })
  }
  throw error
}
const formatAll: ErrorHandler = (error, _request, reply) => {
  const status = error instanceof SimpleJwtError ? error.statusCode : 500
  return reply
    .code(status)
    .send({ problem: error instanceof SimpleJwtError ? error.code : 'unknown' })
}

const guardedRoute = (app: FastifyInstance) =>
  app.get('/hello', { onRequest: app.authenticate }, async () => ({}))

const places: Record<
  string,
  { server?: FastifyServerOptions, before?: ErrorHandler, after?: ErrorHandler }
> = {
  'no error handler': {},
  'an error handler set before the plugin': { before: handOn },
  'an error handler set after the plugin': { after: handOn },
  'an error handler before it that may not be overridden': {
    server: { allowErrorHandlerOverride: false },
    before: handOn
  },
  'an error handler after it that may not be overridden': {
    server: { allowErrorHandlerOverride: false },
    after: handOn
  }
}

for (const [name, { server = {}, before, after }] of Object.entries(places)) {
  t.test(`a host with ${name} gets the replies of the plugin on all routes`, async t => {
    const { app, get } = await buildHost(t, {
      server,
      before: app => before && app.setErrorHandler(before),
      after: app => {
        if (after) app.setErrorHandler(after)
        guardedRoute(app)
        app.get('/mine', async () => { throw new Error('mine') })
      }
    })
    const guarded = await get('/hello')
    t.equal(guarded.statusCode, 401)
    t.equal(guarded.body, NO_CREDENTIALS)
    t.equal(guarded.headers['content-type'], 'application/json; charset=utf-8')
    t.equal(guarded.headers['www-authenticate'], 'Bearer realm="api"')

    const login = await app.inject({
      method: 'POST',
      url: '/api/token/',
      payload: { username: 'vitor', password: 'wrong' }
    })
    t.equal(login.statusCode, 401)
    t.equal(
      login.body,
      '{"detail":"No active account found with the given credentials","code":"no_active_account"}'
    )
    t.equal(login.headers['www-authenticate'], 'Bearer realm="api"')

    const wrongType = await app.inject({
      method: 'POST',
      url: '/api/token/',
      headers: { 'content-type': 'text/plain' },
      payload: 'hi'
    })
    t.equal(wrongType.statusCode, 415)
    t.equal(wrongType.body, '{"detail":"Unsupported media type \\"text/plain\\" in request."}')

    if (before ?? after) {
      t.equal(
        (await get('/mine')).body,
        '{"problem":"mine"}',
        'the handler still has the errors of the host'
      )
    }
  })
}

for (const when of ['before', 'after'] as const) {
  t.test(`a handler set ${when} the plugin may give our errors its own form`, async t => {
    const setHandler = (app: FastifyInstance) => app.setErrorHandler(formatAll)
    const { app, get } = await buildHost(t, {
      ...(when === 'before' && { before: setHandler }),
      after: app => {
        if (when === 'after') setHandler(app)
        guardedRoute(app)
      }
    })
    const guarded = await get('/hello')
    t.equal(guarded.statusCode, 401)
    t.equal(guarded.body, '{"problem":"not_authenticated"}')
    t.equal(guarded.headers['www-authenticate'], 'Bearer realm="api"')

    const login = await app.inject({
      method: 'POST',
      url: '/api/token/',
      payload: { username: 'vitor', password: 'wrong' }
    })
    t.equal(login.statusCode, 401)
    t.equal(login.body, '{"problem":"no_active_account"}')
  })
}

t.test('an error that the handlers of nested scopes rethrow keeps our form', async t => {
  const passed: string[] = []
  const pass = (name: string): ErrorHandler => async error => {
    passed.push(name)
    throw error
  }
  const { get } = await buildHost(t, {
    after: app => {
      app.setErrorHandler(pass('outer'))
      app.register(async scope => {
        scope.setErrorHandler(pass('inner'))
        guardedRoute(scope)
      })
    }
  })
  const reply = await get('/hello')
  t.same(passed, ['inner', 'outer'])
  t.equal(reply.statusCode, 401)
  t.equal(reply.body, NO_CREDENTIALS)
})

t.test('the handler of a nested scope answers for its own routes alone', async t => {
  const { get } = await buildHost(t, {
    after: app => {
      guardedRoute(app)
      app.register(async scope => {
        scope.setErrorHandler(formatAll)
        guardedRoute(scope)
      }, { prefix: '/inner' })
    }
  })
  t.equal((await get('/inner/hello')).body, '{"problem":"not_authenticated"}')
  t.equal((await get('/hello')).body, NO_CREDENTIALS)
})

t.test("a response schema that the host's route has for 401 does not cut our body", async t => {
  const response = {
    401: { type: 'object', properties: { reason: { type: 'string' } }, additionalProperties: false }
  }
  const { get } = await buildHost(t, {
    after: app =>
      app.get('/hello', { schema: { response }, onRequest: app.authenticate }, async () => ({}))
  })
  const reply = await get('/hello')
  t.equal(reply.statusCode, 401)
  t.equal(reply.body, NO_CREDENTIALS)
})

t.test('a HEAD request that is refused has the headers of the GET and no body', async t => {
  const { app } = await buildHost(t, { after: guardedRoute })
  const address = await app.listen({ port: 0, host: '127.0.0.1' })
  const reply = await fetch(`${address}/hello`, { method: 'HEAD' })
  t.equal(reply.status, 401)
  t.equal(reply.headers.get('www-authenticate'), 'Bearer realm="api"')
  t.equal(reply.headers.get('content-length'), String(NO_CREDENTIALS.length))
  t.equal(await reply.text(), '')
})
