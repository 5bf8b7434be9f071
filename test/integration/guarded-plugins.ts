import auth from '@fastify/auth'
import cors from '@fastify/cors'
import express from '@fastify/express'
import staticFiles from '@fastify/static'
import swagger from '@fastify/swagger'
import websocket from '@fastify/websocket'
import type { IncomingMessage, ServerResponse } from 'node:http'
import fastify, { type FastifyInstance, type FastifyRequest } from 'fastify'
import t, { type Test } from 'tap'
import simplejwt, { authenticate } from '../../plugin/index.ts'
import { buildHost, goodOptions } from '../fixtures/host.ts'

/** With `guardByDefault`: a request, and its status without a token and with one. */
type Row = [request: string, none: number, access: number]

const ORIGIN = 'https://app.example.com'
const answer = async (): Promise<string> => 'answer'

/** The routes of a host, from before the plugin or after it. Its paths begin with `at`. */
async function addHostParts (app: FastifyInstance, root: string, at: string): Promise<void> {
  await app.register(staticFiles, { root, prefix: `${at}/files/`, decorateReply: false })
  // The routes of a plugin that takes no config become public by a hook of the scope.
  await app.register(async scope => {
    scope.addHook('onRoute', route => { route.config = { ...route.config, public: true } })
    await scope.register(staticFiles, { root, prefix: `${at}/open/`, decorateReply: false })
  })
  app.get(`${at}/healthz`, { config: { public: true } }, answer)
  app.get(`${at}/orders`, answer)
  app.post(`${at}/orders`, answer)
  app.register(async scope => { scope.get('/orders', answer) }, { prefix: `${at}/scope` })
  app.get(`${at}/docs/json`, { schema: { hide: true } }, async () => app.swagger())
  app.get(`${at}/feed`, { websocket: true }, socket => socket.close())
}

const rowsOf = (at: string): Row[] => [
  [`GET ${at}/files/page.txt`, 401, 200],
  [`HEAD ${at}/files/page.txt`, 401, 200],
  [`GET ${at}/files/missing.txt`, 401, 404],
  [`GET ${at}/open/page.txt`, 200, 200],
  [`HEAD ${at}/open/page.txt`, 200, 200],
  [`GET ${at}/open/missing.txt`, 404, 404],
  [`GET ${at}/healthz`, 200, 200],
  [`HEAD ${at}/healthz`, 200, 200],
  [`GET ${at}/orders`, 401, 200],
  [`HEAD ${at}/orders`, 401, 200],
  [`POST ${at}/orders`, 401, 200],
  [`PUT ${at}/orders`, 404, 404],
  [`OPTIONS ${at}/orders`, 204, 204],
  [`GET ${at}/scope/orders`, 401, 200],
  [`GET ${at}/docs/json`, 401, 200],
  // Without an upgrade @fastify/websocket answers 404, after the guard.
  [`GET ${at}/feed`, 401, 404]
]

const ROWS: Row[] = [
  ...rowsOf('/before'),
  ...rowsOf('/after'),
  ['GET /nowhere', 404, 404],
  ['POST /api/token/', 400, 400],
  ['POST /api/token/refresh/', 400, 400],
  ['POST /api/token/verify/', 400, 400],
  ['POST /api/token/blacklist/', 400, 400],
  ['GET /api/token/sessions/', 401, 200],
  ['GET /api/token/nowhere', 404, 404],
  ['GET /api/token/', 405, 405],
  ['GET /.well-known/jwks.json', 404, 404]
]

interface Built { url: string, access: string }

async function build (t: Test, order: string): Promise<Built> {
  const root = t.testdir({ 'page.txt': 'a page' })
  const app = fastify()
  t.after(() => app.close())
  const addCors = () => app.register(cors, { origin: [ORIGIN] })
  await app.register(swagger, { openapi: { info: { title: 'host', version: '1' } } })
  await app.register(websocket)
  if (order === 'before') await addCors()
  await addHostParts(app, root, '/before')
  await app.register(simplejwt, goodOptions({ guardByDefault: true }))
  if (order === 'after') await addCors()
  await addHostParts(app, root, '/after')
  const url = await app.listen({ port: 0, host: '127.0.0.1' })
  const { access } = await (await fetch(`${url}/api/token/`, {
    method: 'POST', body: new URLSearchParams({ username: 'vitor', password: '123' })
  })).json() as { access: string }
  return { url, access }
}

for (const order of ['before', 'after']) {
  t.test(`guardByDefault: guards the routes of other plugins, with cors ${order} it`, async t => {
    const { url, access } = await build(t, order)
    const ask = async (request: string, token?: string): Promise<Response> => {
      const [method = '', path] = request.split(' ')
      return fetch(url + path, {
        method,
        headers: {
          origin: ORIGIN,
          ...(method === 'OPTIONS' && { 'access-control-request-method': 'GET' }),
          ...(token !== undefined && { authorization: `Bearer ${token}` })
        }
      })
    }
    for (const [request, ...expected] of ROWS) {
      const answers = [await ask(request), await ask(request, access)]
      t.same(answers.map(({ status }) => status), expected, request)
      // A script of another origin reads a refusal by this header only.
      const isReadable = answers.every(({ headers }) =>
        headers.get('access-control-allow-origin') === ORIGIN)
      const isLate = order === 'after' && request.includes(' /before/') && expected[0] === 401
      t.equal(isReadable, !isLate, `${request} by a page of another origin`)
      if (expected[0] === 401) {
        t.equal((await ask(request, `${access}x`)).status, 401, `${request} with a bad token`)
      }
    }
  })
}

t.test('guardByDefault: a handler of Express is no route, and stays open', async t => {
  const { app } = await buildHost(t, {
    options: { guardByDefault: true },
    before: app => app.register(express),
    after: app => {
      app.use('/legacy', (_request: IncomingMessage, response: ServerResponse) => {
        response.end('open')
      })
    }
  })
  t.equal((await app.inject('/legacy')).statusCode, 200)
})

t.test('guardByDefault: a handler of unknown paths stays open', async t => {
  const { app } = await buildHost(t, {
    options: { guardByDefault: true },
    after: app => { app.setNotFoundHandler(async () => 'open') }
  })
  t.equal((await app.inject('/nowhere')).statusCode, 200)
})

t.test('guardByDefault: a public route is guarded by @fastify/auth alone', async t => {
  const byKey = async ({ headers }: FastifyRequest): Promise<void> => {
    if (headers['x-key'] !== 'key') throw new Error('The key is wrong.')
  }
  const { app, login, get } = await buildHost(t, {
    options: { guardByDefault: true },
    before: app => app.register(auth),
    after: app => {
      const onRequest = app.auth([authenticate, byKey])
      app.get('/both', { onRequest }, answer)
      app.get('/either', { onRequest, config: { public: true } }, answer)
    }
  })
  const { access } = await login()
  const headers = { 'x-key': 'key' }
  for (const [path, byKeyAlone] of [['/both', 401], ['/either', 200]] as const) {
    t.equal((await app.inject(path)).statusCode, 401, path)
    t.equal((await app.inject({ url: path, headers })).statusCode, byKeyAlone, path)
    t.equal((await get(path, access)).statusCode, 200, path)
  }
})
