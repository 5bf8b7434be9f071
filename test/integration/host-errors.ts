import fastify, { type FastifyInstance, type LightMyRequestResponse } from 'fastify'
import t from 'tap'
import { buildHost } from '../fixtures/host.ts'

/** Routes that fail in all the ways that Fastify has a reply for. */
function failingRoutes (app: FastifyInstance): void {
  const schema = {
    querystring: { type: 'object', required: ['n'], properties: { n: { type: 'integer' } } }
  }
  const brokenReply = {
    response: {
      200: { type: 'object', required: ['name'], properties: { name: { type: 'string' } } }
    }
  }
  app.get('/throws', async () => { throw new Error('boom') })
  app.get('/teapot', async () => {
    throw Object.assign(new Error('I am a teapot'), {
      statusCode: 418,
      headers: { 'x-tea': 'green' }
    })
  })
  app.get('/unauthorized', async () => {
    throw Object.assign(new Error('who are you?'), {
      statusCode: 401,
      code: 'token_not_valid',
      body: { detail: 'never sent' }
    })
  })
  // eslint-disable-next-line no-throw-literal
  app.get('/no-error', async () => { throw { statusCode: 402, message: 'not an Error' } })
  app.get('/sent', (_request, reply) => reply.code(409).send(new Error('conflict')))
  app.get('/schema', { schema }, async () => ({}))
  app.get('/serializer', { schema: brokenReply }, async () => ({}))
  app.get(
    '/hook',
    { onRequest: (_request, _reply, done) => done(new Error('from a hook')) },
    async () => ({})
  )
  app.post('/body', async () => ({}))
}

const requests = [
  ...[
    '/throws', '/teapot', '/unauthorized', '/no-error', '/sent', '/schema?n=x', '/schema',
    '/serializer', '/hook', '/nowhere', '/api/tokens', '/%zz'
  ].map(url => ({ method: 'GET', url })),
  { method: 'POST', url: '/throws' },
  { method: 'POST', url: '/body', headers: { 'content-type': 'application/json' }, payload: '{' },
  { method: 'POST', url: '/body', headers: { 'content-type': 'text/csv' }, payload: 'a,b' },
  {
    method: 'POST',
    url: '/body',
    headers: { 'content-type': 'application/json', 'content-length': '2000000' },
    payload: '{}'
  },
  { method: 'OPTIONS', url: '/throws' },
  { method: 'HEAD', url: '/throws' }
]

const shown = ({
  statusCode, headers: { date: _date, ...headers }, body
}: LightMyRequestResponse) => ({ statusCode, headers, body })

for (const { name, prepare } of [
  { name: 'a host without an error handler', prepare: () => {} },
  {
    name: 'a host with an error handler',
    prepare: (app: FastifyInstance) => {
      app.setErrorHandler((error, _request, reply) =>
        reply.code(500).send({ handled: String(error) })
      )
    }
  },
  {
    name: 'a host with a not-found handler',
    prepare: (app: FastifyInstance) => {
      app.setNotFoundHandler(async (request, reply) => reply.code(404).send({ lost: request.url }))
    }
  }
]) {
  t.test(`the errors of ${name} stay exactly as they are without the plugin`, async t => {
    const plain = fastify()
    t.after(() => plain.close())
    prepare(plain)
    failingRoutes(plain)

    const { app } = await buildHost(t, {
      before: prepare,
      after: failingRoutes
    })
    for (const request of requests) {
      t.same(
        shown(await app.inject(request)),
        shown(await plain.inject(request)),
        `${request.method} ${request.url}`
      )
    }
  })
}

for (const statusCode of [400, 401, 403, 429, 500, 503]) {
  t.test(`a ${statusCode} of a host hook is the same on a token route as elsewhere`, async t => {
    const { app } = await buildHost(t, {
      before: app => {
        app.addHook('onRequest', async () => {
          throw Object.assign(new Error('not now'), { statusCode })
        })
      },
      after: app => { app.post('/other', async () => ({})) }
    })
    const other = await app.inject({ method: 'POST', url: '/other' })
    const reply = await app.inject({ method: 'POST', url: '/api/token/' })
    t.equal(reply.statusCode, statusCode)
    t.equal(reply.body, other.body)
  })
}
