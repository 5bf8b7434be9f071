import fastify, { type FastifyInstance } from 'fastify'
import t from 'tap'
import { SimpleJwtError, notFound } from '../../plugin/errors.ts'
import { answerOurErrors } from '../../plugin/http/error-reply.ts'
import {
  answerBodyRefusals, forbidCaching, prepareOwnScope
} from '../../plugin/routes/own-scope.ts'

type Step = (app: FastifyInstance) => void

/** A host with a scope of the package, and what it does before and after. */
async function build (
  t: { after(close: () => unknown): void }, before: Step = () => {}, after: Step = () => {}
): Promise<FastifyInstance> {
  const app = fastify()
  t.after(() => app.close())
  before(app)
  answerOurErrors(app)
  await app.register(async scope => {
    prepareOwnScope(scope, app)
    forbidCaching(scope)
    answerBodyRefusals(scope)
    const schema = { response: { 200: { type: 'object', properties: {} } } }
    scope.post('/own', { schema, bodyLimit: 10 }, async () => ({ a: 1 }))
    scope.get('/missing', async () => { throw notFound() })
  }, { prefix: '/scope' })
  app.get('/host', async () => ({ host: true }))
  after(app)
  return app
}

const post = (app: FastifyInstance, payload: string, type: string) => app.inject({
  method: 'POST', url: '/scope/own', payload, headers: { 'content-type': type }
})

t.test('own scope: forbids caches and sniffing in the scope only, also for refusals', async t => {
  const app = await build(t)
  for (const reply of [
    await post(app, '{}', 'application/json'), await post(app, 'x', 'text/x'),
    await app.inject('/scope/missing')
  ]) {
    t.equal(reply.headers['cache-control'], 'no-store')
    t.equal(reply.headers['x-content-type-options'], 'nosniff')
  }
  const { headers } = await app.inject('/host')
  t.notOk('cache-control' in headers || 'x-content-type-options' in headers)
})

t.test('own scope: answers refusals of a body in the form of SimpleJWT', async t => {
  const app = await build(t)
  for (const [payload, type, status, body] of [
    ['x', 'text/x', 415, { detail: 'Unsupported media type "text/x" in request.' }],
    ['{"a":"0123456789"}', 'application/json', 413, { detail: 'Request body is too large' }],
    ['{', 'application/json', 400, { detail: /JSON/ }]
  ] as const) {
    const reply = await post(app, payload, type)
    t.equal(reply.statusCode, status)
    t.match(reply.json(), body)
    t.equal(Object.keys(reply.json()).length, 1)
  }
})

t.test('own scope: replies with plain JSON, whatever a schema or the host says', async t => {
  const app = await build(t, app => app.setSerializerCompiler(() => () => 'theirs'))
  t.same((await post(app, '{}', 'application/json')).json(), { a: 1 })
})

t.test('own scope: the error handler of the host gets each error, also a later one', async t => {
  const handle = (app: FastifyInstance): void => {
    app.setErrorHandler((error, _request, reply) =>
      reply.code(418).send({ ours: error instanceof SimpleJwtError }))
  }
  for (const app of [await build(t, handle), await build(t, undefined, handle)]) {
    const reply = await app.inject('/scope/missing')
    t.same([reply.statusCode, reply.json()], [418, { ours: true }])
  }
})
