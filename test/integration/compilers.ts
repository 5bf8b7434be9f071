import type { FastifyInstance, FastifyServerOptions } from 'fastify'
import t from 'tap'
import { type Host, buildHost } from '../fixtures/host.ts'

const login = ({ app }: Host, payload: unknown = { username: 'vitor', password: '123' }) =>
  app.inject({
    method: 'POST',
    url: '/api/token/',
    headers: { 'content-type': 'application/json' },
    payload: JSON.stringify(payload)
  })

const numberRoute = (app: FastifyInstance): void => {
  app.post(
    '/number',
    { schema: { body: { type: 'object', properties: { n: { type: 'integer', default: 7 } } } } },
    async request => request.body
  )
}

for (const { name, server, given, answer } of [
  { name: 'coerces as Fastify does', server: {}, given: { n: '5' }, answer: [200, { n: 5 }] },
  { name: 'fills in defaults as Fastify does', server: {}, given: {}, answer: [200, { n: 7 }] },
  {
    name: 'coerces nothing',
    server: { ajv: { customOptions: { coerceTypes: false } } },
    given: { n: '5' },
    answer: [400, { code: 'FST_ERR_VALIDATION' }]
  },
  {
    name: 'removes nothing',
    server: { ajv: { customOptions: { removeAdditional: false } } },
    given: { n: 1, more: 2 },
    answer: [200, { n: 1, more: 2 }]
  }
] satisfies {
  name: string
  server: FastifyServerOptions
  given: unknown
  answer: [number, unknown]
}[]) {
  t.test(`a host whose Ajv ${name} goes on so, while the token routes coerce nothing`, async t => {
    const host = await buildHost(t, { server, after: numberRoute })
    const reply = await host.app.inject({ method: 'POST', url: '/number', payload: given })
    t.equal(reply.statusCode, answer[0])
    t.match(reply.json(), answer[1] as object)

    t.equal((await login(host)).statusCode, 200)
    const number = await login(host, { username: 'vitor', password: 123 })
    t.equal(number.statusCode, 400)
    t.equal(number.body, '{"password":["Not a valid string."]}')
  })
}

t.test("the host's validator compiler is for its own routes", async t => {
  const refuseAll = (app: FastifyInstance): void => {
    app.setValidatorCompiler(() => () => ({ error: new Error('refused by the host') }))
  }
  for (const [before, after] of [[refuseAll, undefined], [undefined, refuseAll]]) {
    const host = await buildHost(t, {
      ...(before && { before }),
      after: app => {
        after?.(app)
        numberRoute(app)
      }
    })
    const reply = await host.app.inject({ method: 'POST', url: '/number', payload: {} })
    t.equal(reply.json().message, 'refused by the host')
    t.equal((await login(host)).statusCode, 200)
  }
})

t.test("the host's serializer compiler is for its own routes", async t => {
  const shout = (app: FastifyInstance): void => { app.setSerializerCompiler(() => () => '"HELLO"') }
  for (const [before, after] of [[shout, undefined], [undefined, shout]]) {
    const host = await buildHost(t, {
      ...(before && { before }),
      after: app => {
        after?.(app)
        app.get('/hello', { schema: { response: { 200: { type: 'object' } } } }, async () => ({}))
      }
    })
    t.equal((await host.get('/hello')).body, '"HELLO"')
    const reply = await login(host)
    t.equal(reply.statusCode, 200)
    t.match(reply.body, /^\{"refresh":"[^"]+","access":"[^"]+"\}$/)
  }
})

t.test("the host's form of schema errors is for its own routes", async t => {
  const host = await buildHost(t, {
    server: { schemaErrorFormatter: () => new Error('in the form of the host') },
    after: numberRoute
  })
  const reply = await host.app.inject({ method: 'POST', url: '/number', payload: { n: 'x' } })
  t.equal(reply.json().message, 'in the form of the host')
  t.equal(
    (await login(host, {})).body,
    '{"username":["This field is required."],"password":["This field is required."]}'
  )
})
