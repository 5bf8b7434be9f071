import fastify, { type FastifyInstance, type FastifyServerOptions } from 'fastify'
import t from 'tap'
import { answerOurErrors, prepareReply } from '../../plugin/http/error-reply.ts'
import { SimpleJwtError } from '../../plugin/errors.ts'

type ErrorHandler = Parameters<FastifyInstance['setErrorHandler']>[0]

const refusal = () =>
  new SimpleJwtError(
    401,
    'token_not_valid',
    { detail: 'Token is invalid', code: 'token_not_valid' },
    { 'www-authenticate': 'Bearer realm="api"' }
  )

function build (
  t: { after(close: () => unknown): void }, server: FastifyServerOptions = {}
): FastifyInstance {
  const app = fastify(server)
  t.after(() => app.close())
  answerOurErrors(app)
  app.get('/refused', async () => { throw refusal() })
  return app
}

const handlers: Record<string, ErrorHandler | undefined> = {
  'no error handler': undefined,
  'a handler that throws the error on': error => { throw error },
  'a handler that rejects with the error': async error => { throw error },
  'a handler that sends the error': (error, _request, reply) => { reply.send(error) },
  'a handler that returns the sent error': (error, _request, reply) => reply.send(error),
  'a handler that resolves to the sent error': async (error, _request, reply) => reply.send(error),
  'a handler that returns the error': error => error
}

for (const [name, handler] of Object.entries(handlers)) {
  t.test(`with ${name} a refusal is answered with its own body and headers`, async t => {
    const app = build(t)
    if (handler !== undefined) app.setErrorHandler(handler)
    const reply = await app.inject('/refused')
    t.equal(reply.statusCode, 401)
    t.equal(reply.body, '{"detail":"Token is invalid","code":"token_not_valid"}')
    t.equal(reply.headers['content-type'], 'application/json; charset=utf-8')
    t.equal(reply.headers['content-length'], '54')
    t.equal(reply.headers['www-authenticate'], 'Bearer realm="api"')
  })
}

t.test('a reply that a handler of the host sends is kept and gets our headers', async t => {
  const app = build(t)
  app.setErrorHandler((error, _request, reply) =>
    reply
      .code(403)
      .type('text/plain')
      .send(`sorry: ${error instanceof SimpleJwtError && error.code}`)
  )
  const reply = await app.inject('/refused')
  t.equal(reply.statusCode, 403)
  t.equal(reply.body, 'sorry: token_not_valid')
  t.equal(reply.headers['content-type'], 'text/plain')
  t.equal(reply.headers['www-authenticate'], 'Bearer realm="api"')
})

t.test('an error that a handler throws in place of ours is left to Fastify', async t => {
  const app = build(t)
  app.setErrorHandler(() => { throw Object.assign(new Error('gone'), { statusCode: 410 }) })
  const reply = await app.inject('/refused')
  t.equal(reply.statusCode, 410)
  t.same(reply.json(), { statusCode: 410, error: 'Gone', message: 'gone' })
})

t.test('an error that is not ours is left to Fastify', async t => {
  const app = build(t)
  app.get('/broken', async () => { throw new Error('broken') })
  const reply = await app.inject('/broken')
  t.equal(reply.statusCode, 500)
  t.same(reply.json(), { statusCode: 500, error: 'Internal Server Error', message: 'broken' })
})

t.test('an error of Fastify is answered as the refusal that was prepared for it first', async t => {
  const app = build(t)
  app.addHook('onError', async (_request, reply, error) => {
    prepareReply(
      reply,
      error,
      new SimpleJwtError(418, 'teapot', { detail: 'I am a teapot.' }, { 'retry-after': '5' })
    )
    prepareReply(reply, error, refusal())
  })
  app.get('/tea', async () => { throw Object.assign(new Error('no coffee'), { statusCode: 418 }) })
  const reply = await app.inject('/tea')
  t.equal(reply.statusCode, 418)
  t.equal(reply.body, '{"detail":"I am a teapot."}')
  t.equal(reply.headers['retry-after'], '5')
  t.notOk(reply.headers['www-authenticate'])
})
