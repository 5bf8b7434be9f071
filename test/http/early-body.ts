import fastify, { type FastifyInstance } from 'fastify'
import t from 'tap'
import { PassThrough } from 'node:stream'
import { text } from 'node:stream/consumers'
import { takeEarlyBodies } from '../../plugin/http/early-body.ts'
import { buildApp } from '../fixtures/app.ts'
import { buildHost } from '../fixtures/host.ts'
import { type Leave, ask, servePlatform, serveUnread } from '../fixtures/servers/platform.ts'

const JSON_TYPE = 'application/json'
const FORM = 'application/x-www-form-urlencoded'
const CREDENTIALS = '{"username":"vitor","password":"123"}'
const FORM_CREDENTIALS = 'username=vitor&password=123'

const post = (type: string, body: string | Buffer): RequestInit =>
  ({ headers: { 'content-type': type }, body })

/** The forms in which platforms leave a JSON body, and a form. */
const JSON_LEFT: Record<string, Leave> = {
  'rawBody as a Buffer': (request, body) => { request.rawBody = body },
  'rawBody as text': (request, body) => { request.rawBody = body.toString() },
  'rawBody and another body': (request, body) => {
    Object.assign(request, { rawBody: body, body: { username: 'other' } })
  },
  'a Buffer': (request, body) => { request.body = body },
  text: (request, body) => { request.body = body.toString() },
  'a parsed object': (request, body) => { request.body = JSON.parse(body.toString()) },
  'a getter': (request, body) => {
    Object.defineProperty(request, 'body', { get: () => JSON.parse(body.toString()) })
  }
}
const FORM_LEFT: Record<string, Leave> = {
  'rawBody as a Buffer': (request, body) => { request.rawBody = body },
  text: (request, body) => { request.body = body.toString() },
  URLSearchParams: (request, body) => { request.body = new URLSearchParams(body.toString()) },
  'a parsed object': (request, body) => {
    request.body = Object.fromEntries(new URLSearchParams(body.toString()))
  }
}

for (const [type, left, body] of [
  [JSON_TYPE, JSON_LEFT, CREDENTIALS], [FORM, FORM_LEFT, FORM_CREDENTIALS]
] as const) {
  for (const [name, leave] of Object.entries(left)) {
    t.test(`${type}: takes what the platform has read: ${name}`, async t => {
      const { app } = await buildApp(t)
      const url = await servePlatform(t, app, leave)
      for (const path of ['/api/token/', '/api/token']) {
        const reply = await ask(url + path, post(`${type}; charset=utf-8`, body))
        t.equal(reply.status, 200, path)
        t.hasProps(await reply.json() as object, ['access', 'refresh'])
      }
    })
  }
}

/** Forms that a platform has parsed, and the text that the parser of the scope gets. */
const PARSED_FORMS: [parsed: unknown, text: string][] = [
  [new URLSearchParams('a=1&b=2&a=3'), 'a=1&b=2&a=3'],
  [{ a: ['1', '3'], b: '2' }, 'a=1&a=3&b=2'],
  [{ a: [['1'], '2'], b: { c: '1' }, d: 1, e: null, f: ['1', {}], g: [] }, 'a=1&a=2'],
  [{ a: [{}, '1'] }, 'a=%5Bobject+Object%5D&a=1']
]

t.test('each value of a repeated field reaches the parser, in order', async t => {
  for (const [parsed, expected] of PARSED_FORMS) {
    const app = fastify()
    t.after(() => app.close())
    await app.register(async scope => {
      takeEarlyBodies(scope, app, 1000)
      scope.addContentTypeParser(FORM, { parseAs: 'string' }, (_request, body, done) => {
        done(null, body)
      })
      scope.post('/', async request => request.body)
    })
    const url = await servePlatform(t, app, request => { request.body = parsed })
    t.equal(await (await ask(url, post(FORM, 'x'))).text(), expected)
  }
})

t.test('the refresh, verify and logout routes take such a body too', async t => {
  const { app, login } = await buildApp(t)
  const url = await servePlatform(t, app, (request, body) => { request.rawBody = body })
  let refresh = (await login()).refresh
  const reply = await ask(`${url}/api/token/refresh/`, post(FORM, `refresh=${refresh}`))
  refresh = (await reply.json() as { refresh: string }).refresh
  const token = post(JSON_TYPE, JSON.stringify({ token: refresh, refresh }))
  t.equal((await ask(`${url}/api/token/verify/`, token)).status, 200)
  t.equal((await ask(`${url}/api/token/blacklist/`, token)).status, 200)
  t.equal((await ask(`${url}/api/token/blacklist/`, token)).status, 401)
})

t.test('a body that was read, and left nowhere, is a 500 at once that says so', async t => {
  const { app } = await buildApp(t)
  const url = await servePlatform(t, app)
  for (const type of [JSON_TYPE, FORM]) {
    for (const path of ['', 'refresh/', 'verify/', 'blacklist/']) {
      const reply = await ask(`${url}/api/token/${path}`, post(type, '{}'))
      t.equal(reply.status, 500)
      t.match(await reply.json(), {
        message: 'fastify-simplejwt: the body of the request was read before Fastify could. ' +
          'Leave it in request.raw.rawBody or request.raw.body.'
      })
    }
  }
})

t.test('a body over 16 KiB that was read is a 413, in each form', async t => {
  const { app } = await buildApp(t)
  const long = JSON.stringify({ username: 'vitor', password: 'x'.repeat(16_384) })
  for (const [name, leave] of Object.entries(JSON_LEFT)) {
    const url = await servePlatform(t, app, leave)
    const reply = await ask(`${url}/api/token/`, post(JSON_TYPE, long))
    t.equal(reply.status, 413, name)
    t.equal(await reply.text(), '{"detail":"Request body is too large"}')
    const chunked = await servePlatform(t, app, (request, body) => {
      leave(request, body)
      delete request.headers['content-length']
    })
    t.equal((await ask(`${chunked}/api/token/`, post(JSON_TYPE, long))).status, 413, name)
  }
})

t.test('text of a body that was read is checked as on the network', async t => {
  const { app } = await buildApp(t)
  const url = await servePlatform(t, app, (request, body) => { request.rawBody = body })
  const details: [body: string | Buffer, detail: string][] = [
    ['{', 'JSON parse error - The body is not valid JSON.'],
    [Buffer.from('{"username":"\xff"}', 'latin1'),
      'JSON parse error - The body is not valid UTF-8.']
  ]
  for (const [body, detail] of details) {
    const reply = await ask(`${url}/api/token/`, post(JSON_TYPE, body))
    t.equal(reply.status, 400)
    t.same(await reply.json(), { detail })
  }
  const empty = await ask(`${url}/api/token/`, post(JSON_TYPE, ''))
  t.same(await empty.json(), {
    username: ['This field is required.'], password: ['This field is required.']
  })
})

t.test('a parsed body of another shape is a 400, whatever was left', async t => {
  const { app } = await buildApp(t)
  const wrong: [left: unknown, body: object][] = [
    [[], { non_field_errors: ['Invalid data. Expected a dictionary, but got list.'] }],
    [7, { non_field_errors: ['Invalid data. Expected a dictionary, but got int.'] }],
    [true, { non_field_errors: ['Invalid data. Expected a dictionary, but got bool.'] }],
    [{ username: 1n, password: ['a'] },
      { username: ['Not a valid string.'], password: ['Not a valid string.'] }],
    [{ username: { toString: 'vitor' }, password: null },
      { username: ['Not a valid string.'], password: ['This field may not be null.'] }],
    [{}, { username: ['This field is required.'], password: ['This field is required.'] }]
  ]
  for (const [left, body] of wrong) {
    const url = await servePlatform(t, app, request => { request.body = left })
    const reply = await ask(`${url}/api/token/`, post(JSON_TYPE, '{}'))
    t.equal(reply.status, 400, String(left))
    t.same(await reply.json(), body)
  }
  const forms: [left: unknown, status: number][] = [
    [{ username: ['x', 'vitor'], password: '123' }, 200],
    [{ username: { a: 'vitor' }, password: '123' }, 400],
    [{ username: 'vitor', password: 123 }, 400],
    [7, 400]
  ]
  for (const [left, status] of forms) {
    const url = await servePlatform(t, app, request => { request.body = left })
    t.equal((await ask(`${url}/api/token/`, post(FORM, 'a=b'))).status, status)
  }
})

t.test('an object without members, a stream or null leaves an unread body to Fastify', async t => {
  const { app } = await buildApp(t)
  for (const left of [{}, null, undefined, '', Buffer.alloc(0), new PassThrough()]) {
    const url = await serveUnread(t, app, request => { request.body = left })
    t.equal((await ask(`${url}/api/token/`, post(JSON_TYPE, CREDENTIALS))).status, 200)
  }
})

t.test('a getter that throws for bad JSON is a 400', async t => {
  const { app } = await buildApp(t)
  const url = await servePlatform(t, app, request => {
    Object.defineProperty(request, 'body', { get: () => { throw new Error('Invalid JSON') } })
  })
  const reply = await ask(`${url}/api/token/`, post(JSON_TYPE, '{'))
  t.same([reply.status, await reply.json()],
    [400, { detail: 'JSON parse error - The body is not valid JSON.' }])
})

t.test('other content types stay a 415, and GET and DELETE need no body', async t => {
  const { app, login } = await buildApp(t)
  const { access } = await login()
  const headers = { 'content-type': JSON_TYPE, authorization: `Bearer ${access}` }
  for (const leave of [undefined, ...Object.values(JSON_LEFT)]) {
    const url = await servePlatform(t, app, leave)
    t.equal((await ask(`${url}/api/token/`, post('text/plain', CREDENTIALS))).status, 415)
    for (const [method, path, status] of [
      ['DELETE', 'sessions/none/', 404], ['PUT', 'sessions/', 405], ['POST', 'none', 404]
    ] as const) {
      const reply = await ask(`${url}/api/token/${path}`, { method, headers, body: '{}' })
      t.equal(reply.status, status, method)
    }
  }
  const url = await serveUnread(t, app, request => {
    Object.assign(request, { rawBody: 'x'.repeat(20_000), body: 7 })
  })
  t.equal((await ask(`${url}/api/token/sessions/`, { method: 'GET', headers })).status, 200)
})

t.test('an empty body that was read has no fields', async t => {
  const { app } = await buildApp(t)
  const url = await servePlatform(t, app)
  const reply = await ask(`${url}/api/token/`, post(JSON_TYPE, ''))
  t.equal(reply.status, 400)
  t.match(await reply.json(), { password: ['This field is required.'] })
})

/** Parsers of a host that take the body from a place of the platform's own. */
const PARSERS: Record<string, (app: FastifyInstance) => void> = {
  'by a callback': app => app.addContentTypeParser(JSON_TYPE, {},
    (_request, payload, done) => { done(null, (payload as unknown as { own: unknown }).own) }),
  'by a promise': app => app.addContentTypeParser(JSON_TYPE, {},
    async (request: { raw: unknown }) => (request.raw as { own: unknown }).own)
}
for (const [name, add] of Object.entries(PARSERS)) {
  for (const order of ['before', 'after']) {
    t.test(`a parser of the host finds the body ${name}, added ${order} ours`, async t => {
      const { app } = await buildHost(t, { [order]: add })
      for (const left of [CREDENTIALS, Buffer.from(CREDENTIALS), JSON.parse(CREDENTIALS)]) {
        const url = await servePlatform(t, app, request => { request.own = left })
        t.equal((await ask(`${url}/api/token/`, post(JSON_TYPE, CREDENTIALS))).status, 200)
      }
      const url = await servePlatform(t, app)
      t.equal((await ask(`${url}/api/token/`, post(JSON_TYPE, CREDENTIALS))).status, 400)
    })
  }
}

t.test('a parser of the host may fail', async t => {
  const { app } = await buildHost(t, {
    before: app => app.addContentTypeParser(JSON_TYPE, {},
      (_request, _payload, done) => { done(Object.assign(new Error('no'), { statusCode: 418 })) })
  })
  const url = await servePlatform(t, app)
  t.equal((await ask(`${url}/api/token/`, post(JSON_TYPE, CREDENTIALS))).status, 418)
})

t.test('a stream that was destroyed before its end is a 400', async t => {
  const { app } = await buildHost(t, {
    before: app => app.addHook('preParsing', async () => new PassThrough().destroy())
  })
  const reply = await app.inject({
    method: 'POST', url: '/api/token/', headers: { 'content-type': JSON_TYPE }, payload: CREDENTIALS
  })
  t.same([reply.statusCode, reply.json()], [400, { detail: 'Request body was cut short' }])
})

t.test('fields are read from the network as before', async t => {
  const { app } = await buildApp(t)
  const address = await app.listen({ host: '127.0.0.1', port: 0 })
  const reply = await ask(`${address}/api/token/`, post(JSON_TYPE, CREDENTIALS))
  t.equal(reply.status, 200)
  t.ok((await text(reply.body as never)).includes('access'))
})
