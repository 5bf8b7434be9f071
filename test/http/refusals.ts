import fastify, { type FastifyError, type FastifyRequest } from 'fastify'
import t from 'tap'
import {
  SimpleJwtError, createUnauthorized, invalidFields, notFound, throttled
} from '../../plugin/errors.ts'
import { answerOurErrors } from '../../plugin/http/error-reply.ts'
import { countRefusals } from '../../plugin/http/refusals.ts'

const unauthorized = createUnauthorized('api')
const REFUSAL = () => unauthorized.refused('Token is invalid')

/** The steps that can refuse a request. */
const PLACES = ['parser', 'onRequest', 'preValidation', 'validation', 'preHandler', 'handler']

/** An app whose route throws an error at one of the places. */
async function build (
  t: { after(close: () => unknown): void },
  { error, count, place }: {
    error: () => Error, count(request: FastifyRequest): Promise<void>, place: string
  }
) {
  const app = fastify()
  t.after(() => app.close())
  const seen: unknown[] = []
  const throwAt = (here: string) => async () => { if (here === place) throw error() }
  answerOurErrors(app)
  app.addHook('onError', async (_request, _reply, error) => {
    seen.push((error as FastifyError).statusCode)
  })
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', { parseAs: 'string' }, (_request, body, done) => {
    if (place === 'parser') done(error())
    else done(null, body)
  })
  app.setValidatorCompiler(() => () => place === 'validation' ? { error: error() } : true)
  app.post('/', {
    schema: { body: {} },
    onRequest: [countRefusals(count), throwAt('onRequest')],
    preValidation: throwAt('preValidation'),
    preHandler: throwAt('preHandler')
  }, async () => {
    await throwAt('handler')()
    return { passed: true }
  })
  const post = () => app.inject({ method: 'POST', url: '/', payload: 'x' })
  return { app, post, seen }
}

t.test('refusals: a 400 or 401 counts once, wherever it is thrown', async t => {
  for (const place of PLACES) {
    for (const error of [REFUSAL, () => invalidFields({ token: ['bad'] })]) {
      let counted = 0
      const { post, seen } = await build(t, { error, place, count: async () => { counted++ } })
      const expected = error()
      const reply = await post()
      t.equal(reply.statusCode, expected.statusCode, place)
      t.same(reply.json(), expected.body)
      t.match(reply.headers, expected.headers)
      t.equal(counted, 1)
      t.same(seen, [expected.statusCode])
    }
  }
})

t.test('refusals: an error of the counter is the only answer and the only error', async t => {
  for (const place of PLACES) {
    const { post, seen } = await build(t, {
      error: REFUSAL, place, count: async () => { throw throttled(23) }
    })
    const reply = await post()
    t.equal(reply.statusCode, 429, place)
    t.same(reply.json(), throttled(23).body)
    t.equal(reply.headers['retry-after'], '23')
    t.equal(reply.headers['www-authenticate'], undefined)
    t.same(seen, [429], 'no hook of the host sees the 401')
  }
})

t.test('refusals: the error handler of the host gets the 429', async t => {
  const { app, post } = await build(t, {
    error: REFUSAL, place: 'handler', count: async () => { throw throttled(23) }
  })
  app.setErrorHandler((error: FastifyError, _request, reply) =>
    reply.code(418).send({ status: error.statusCode }))
  const reply = await post()
  t.equal(reply.statusCode, 418)
  t.same(reply.json(), { status: 429 })
})

t.test('refusals: other answers and errors are not counted', async t => {
  const errors = [
    notFound, () => throttled(1), () => new Error('a fault'),
    () => Object.assign(new Error('the host says no'), { statusCode: 401 }),
    () => new SimpleJwtError(403, 'csrf_failed', { detail: 'no' })
  ]
  let counted = 0
  const count = async () => { counted++ }
  for (const error of errors) {
    const { post } = await build(t, { error, place: 'handler', count })
    t.not((await post()).statusCode, 200)
  }
  const { post } = await build(t, { error: REFUSAL, place: 'nowhere', count })
  t.same((await post()).json(), { passed: true })
  t.equal(counted, 0)
})
