import type { FastifyInstance } from 'fastify'
import t from 'tap'
import { buildHost } from '../fixtures/host.ts'

/** What a CORS plugin does: marks every reply, and answers a preflight itself. */
function cors (app: FastifyInstance): void {
  app.addHook('onRequest', async (request, reply) => {
    reply.header('access-control-allow-origin', 'https://app.example')
    if (
      request.method === 'OPTIONS' &&
      request.headers['access-control-request-method'] !== undefined
    ) {
      return reply.code(204).header('access-control-allow-methods', 'POST').send()
    }
  })
}

for (const when of ['before', 'after'] as const) {
  t.test(`a CORS hook that the host adds ${when} the plugin answers a preflight first`, async t => {
    const { app } = await buildHost(t, { [when]: cors })
    for (const url of ['/api/token/', '/api/token/refresh', '/api/token/sessions/']) {
      const preflight = await app.inject({
        method: 'OPTIONS',
        url,
        headers: { origin: 'https://app.example', 'access-control-request-method': 'POST' }
      })
      t.equal(preflight.statusCode, 204, url)
      t.equal(preflight.headers['access-control-allow-methods'], 'POST')
      t.notOk(preflight.headers.allow, 'the plugin has nothing to add')

      const plain = await app.inject({ method: 'OPTIONS', url })
      t.equal(plain.statusCode, 204)
      t.ok(plain.headers.allow, 'an OPTIONS request that is no preflight is ours to answer')
    }
  })

  t.test(`a CORS hook that the host adds ${when} the plugin marks all our replies`, async t => {
    const { app } = await buildHost(t, { [when]: cors })
    for (const [method, url, status] of [
      ['POST', '/api/token/', 400],
      ['POST', '/api/token/nowhere/', 404],
      ['PUT', '/api/token/', 405],
      ['GET', '/api/token/sessions/', 401]
    ] as const) {
      const reply = await app.inject({ method, url })
      t.equal(reply.statusCode, status, `${method} ${url}`)
      t.equal(reply.headers['access-control-allow-origin'], 'https://app.example')
    }
  })

  t.test(`a not-found handler set ${when} the plugin answers except below the prefix`, async t => {
    const lost = (app: FastifyInstance): void => {
      app.setNotFoundHandler(async (request, reply) => reply.code(404).send({ lost: request.url }))
    }
    const { app, get } = await buildHost(t, { [when]: lost })
    for (const url of ['/', '/nowhere', '/api', '/api/', '/api/tokens', '/api/token-list']) {
      t.same((await get(url)).json(), { lost: url })
    }
    t.same((await app.inject({ method: 'DELETE', url: '/nowhere' })).json(), { lost: '/nowhere' })
    t.equal((await get('/api/token/nowhere')).body, '{"detail":"Not found."}')
    t.equal(
      (await app.inject({ method: 'PUT', url: '/api/token/' })).body,
      '{"detail":"Method \\"PUT\\" not allowed."}'
    )
  })
}

t.test('a wildcard route of the host answers except below the prefix', async t => {
  const { app, get } = await buildHost(t, {
    after: app => {
      app.get('/*', async request => ({ page: request.url }))
    }
  })
  t.same((await get('/about')).json(), { page: '/about' })
  t.same((await get('/')).json(), { page: '/' })
  t.equal((await app.inject({ method: 'POST', url: '/api/token/' })).statusCode, 400)
  t.equal((await app.inject({ method: 'OPTIONS', url: '/api/token/' })).statusCode, 204)
})

t.test("the plugin adds no header to replies of the host's own", async t => {
  const plain = (app: FastifyInstance): void => { app.get('/plain', async () => 'plain') }
  const { get } = await buildHost(t, { after: plain })
  const { headers } = await get('/plain')
  t.same(Object.keys(headers).sort(), ['connection', 'content-length', 'content-type', 'date'])
})
