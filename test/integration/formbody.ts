import formbody from '@fastify/formbody'
import type { FastifyInstance } from 'fastify'
import t from 'tap'
import { type Host, type HostSteps, buildHost } from '../fixtures/host.ts'

const FORM = 'application/x-www-form-urlencoded'
const post = ({ app }: Host, url: string, type: string, payload: string) =>
  app.inject({ method: 'POST', url, headers: { 'content-type': type }, payload })

const echo = (app: FastifyInstance): void => { app.post('/echo', async request => request.body) }
/** Another reading of forms than ours. */
const upperCase = (text: string) => ({ text: text.toUpperCase() })

const orders: Record<string, HostSteps> = {
  'never registers @fastify/formbody': { after: echo },
  'registers @fastify/formbody before ours': { before: app => app.register(formbody), after: echo },
  'registers @fastify/formbody after ours': {
    after: async app => {
      await app.register(formbody)
      echo(app)
    }
  },
  'registers @fastify/formbody with a parser of its own': {
    before: app => app.register(formbody, { parser: upperCase }),
    after: echo
  },
  'registers @fastify/formbody with a limit of one byte': {
    before: app => app.register(formbody, { bodyLimit: 1 }),
    after: echo
  }
}
const echoes: Record<string, [status: number, body: unknown]> = {
  'never registers @fastify/formbody': [415, { code: 'FST_ERR_CTP_INVALID_MEDIA_TYPE' }],
  'registers @fastify/formbody before ours': [200, { a: ['1', '2'] }],
  'registers @fastify/formbody after ours': [200, { a: ['1', '2'] }],
  'registers @fastify/formbody with a parser of its own': [200, { text: 'A=1&A=2' }],
  'registers @fastify/formbody with a limit of one byte': [
    413,
    { code: 'FST_ERR_CTP_BODY_TOO_LARGE' }
  ]
}

for (const [name, steps] of Object.entries(orders)) {
  t.test(`a host that ${name} reads forms as it did, and the token routes read theirs`, async t => {
    const host = await buildHost(t, steps)
    const [status, body] = echoes[name] as [number, unknown]
    const echoed = await post(host, '/echo', FORM, 'a=1&a=2')
    t.equal(echoed.statusCode, status)
    t.match(echoed.json(), body)

    const login = await post(host, '/api/token/', FORM, 'username=vitor&password=123')
    t.equal(login.statusCode, 200)
    const { refresh } = login.json()
    t.equal((await post(host, '/api/token/refresh/', FORM, `refresh=${refresh}`)).statusCode, 200)
  })
}

const wrapped = (app: FastifyInstance): void => {
  app.removeContentTypeParser('application/json')
  app.addContentTypeParser(
    'application/json',
    { parseAs: 'string' },
    async (_request: unknown, body: string) => ({ wrapped: body })
  )
  app.addContentTypeParser(
    'text/csv', { parseAs: 'string' }, async (_request: unknown, body: string) => body.split(',')
  )
  app.addContentTypeParser(
    /^application\/.*\+json$/,
    { parseAs: 'string' },
    async (_request: unknown, body: string) => ({ vendor: body })
  )
  app.addContentTypeParser('*', { parseAs: 'string' }, async (_request: unknown, body: string) => ({
    any: body
  }))
}
const parsers: Record<string, HostSteps> = {
  before: { before: wrapped, after: echo },
  after: {
    after: app => {
      wrapped(app)
      echo(app)
    }
  }
}

for (const [order, steps] of Object.entries(parsers)) {
  t.test(`content type parsers of the host, added ${order} ours, are for its routes`, async t => {
    const host = await buildHost(t, steps)
    const credentials = '{"username":"vitor","password":"123"}'
    t.same((await post(host, '/echo', 'application/json', '{}')).json(), { wrapped: '{}' })
    t.same((await post(host, '/echo', 'text/csv', 'a,b')).json(), ['a', 'b'])
    t.same((await post(host, '/echo', 'application/vnd.api+json', '{}')).json(), { vendor: '{}' })
    t.same((await post(host, '/echo', 'application/xml', '<a/>')).json(), { any: '<a/>' })

    t.equal((await post(host, '/api/token/', 'application/json', credentials)).statusCode, 200)
    for (const type of ['text/csv', 'application/vnd.api+json', 'application/xml', 'text/plain']) {
      const reply = await post(host, '/api/token/', type, credentials)
      t.equal(reply.statusCode, 415, type)
      t.same(reply.json(), { detail: `Unsupported media type "${type}" in request.` })
    }
  })
}

t.test('JSON limits of the host hold for its routes, and ours for the token routes', async t => {
  const host = await buildHost(t, {
    server: { bodyLimit: 20, onProtoPoisoning: 'ignore' },
    after: echo
  })
  t.equal(
    (await post(host, '/echo', 'application/json', `{"a":"${'x'.repeat(20)}"}`)).json().code,
    'FST_ERR_CTP_BODY_TOO_LARGE'
  )
  t.equal((await post(host, '/echo', 'application/json', '{"__proto__":1}')).statusCode, 200)
  t.equal(
    (await post(host, '/api/token/', 'application/json', '{"username":"vitor","password":"123"}'))
      .statusCode,
    200
  )
  t.equal(
    (
      await post(
        host,
        '/api/token/',
        'application/json',
        '{"__proto__":{"username":"vitor"},"password":"123"}'
      )
    ).statusCode,
    400
  )
})
