import fastify, { type FastifyInstance, type LightMyRequestResponse } from 'fastify'
import t, { type Test } from 'tap'
import { throttled } from '../../plugin/errors.ts'
import { answerOurErrors } from '../../plugin/http/error-reply.ts'
import { answerInOAuthForm, parseForms } from '../../plugin/oauth/oauth-form.ts'
import type { Parameters } from '../../plugin/oauth/parameters.ts'
import { postForm } from '../fixtures/oauth/authorize-app.ts'

const FORM = 'application/x-www-form-urlencoded'

async function build (
  t: { after(close: () => unknown): void }, prepare: (app: FastifyInstance) => void = () => {}
): Promise<FastifyInstance> {
  const app = fastify()
  t.after(() => app.close())
  prepare(app)
  answerOurErrors(app)
  await app.register(async scope => {
    scope.addHook('onRequest', answerInOAuthForm)
    parseForms(scope, app)
    scope.post('/', async request => {
      const { get, all, repeated } = request.body as Parameters
      if (get('throttled')) throw throttled(1)
      return { a: get('a'), resource: all('resource'), repeated }
    })
  })
  app.post('/host', async request => request.body)
  return app
}

t.test('form: is parsed with each value of a parameter', async t => {
  const app = await build(t)
  for (const type of [FORM, `${FORM}; charset=utf-8`, FORM.toUpperCase()]) {
    const form = 'a=1+2&resource=x&resource=y&a='
    const reply = await postForm(app, '/', form, { 'content-type': type })
    t.same(reply.json(), { a: '1 2', resource: ['x', 'y'], repeated: 'a' }, type)
  }
})

t.test('form: no body at all has no parameters', async t => {
  const app = await build(t)
  for (const reply of [
    await app.inject({ method: 'POST', url: '/' }), await postForm(app, '/', '')
  ]) {
    t.same(reply.json(), { resource: [] })
  }
})

const refused = (t: Test, reply: LightMyRequestResponse, name: string): void => {
  t.equal(reply.statusCode, 400, name)
  t.same(Object.keys(reply.json()), ['error', 'error_description'])
  t.equal(reply.json().error, 'invalid_request')
}

t.test('form: refuses other bodies in the form of RFC 6749', async t => {
  const app = await build(t)
  for (const [type, payload] of [
    ['application/json', '{"a":1}'], ['text/plain', 'a=1'],
    ['multipart/form-data; boundary=x', 'x'],
    [`${FORM}x`, 'a=1'], ['', 'a=1'], ['x', 'a=1'],
    [FORM, 'x'.repeat(16_385)], [FORM, Buffer.from([0x61, 0x3d, 0xff])], [FORM, 'a=%FF']
  ] as const) {
    refused(t, await postForm(app, '/', payload as string, { 'content-type': type }),
      `${type} ${String(payload).slice(0, 9)}`)
  }
  t.equal((await postForm(app, '/', `a=${'x'.repeat(16_382)}`)).statusCode, 200)
})

t.test('form: a body that is cut short is refused', async t => {
  const app = await build(t)
  refused(t, await postForm(app, '/', 'a=1', { 'content-length': '2' }), 'content-length')
})

t.test('form: a limit is answered in the form of RFC 6749', async t => {
  const reply = await postForm(await build(t), '/', 'throttled=1')
  t.equal(reply.statusCode, 429)
  t.same(reply.json(),
    { error: 'temporarily_unavailable', error_description: 'Too many requests. Try again.' })
  t.equal(reply.headers['retry-after'], '1')
})

t.test('form: the error handler of the host gets the refusal first', async t => {
  const app = await build(t, app => {
    app.setErrorHandler((error: { code: string, statusCode: number }, _request, reply) =>
      reply.code(418).send({ code: error.code, status: error.statusCode }))
  })
  const reply = await postForm(app, '/', '{}', { 'content-type': 'application/json' })
  t.same([reply.statusCode, reply.json()], [418, { code: 'invalid_request', status: 400 }])
})

t.test('form: changes nothing for the host', async t => {
  const app = await build(t)
  const json = await app.inject({ method: 'POST', url: '/host', payload: { a: 1 } })
  t.same(json.json(), { a: 1 })
  const form = await postForm(app, '/host', 'a=1')
  t.same([form.statusCode, form.json().code], [415, 'FST_ERR_CTP_INVALID_MEDIA_TYPE'])
})
