import t from 'tap'
import { request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { type TestApp, buildApp } from '../fixtures/app.ts'

/** Sends a request over a real socket, with a body that may be shorter than it says. */
async function send (
  { app }: TestApp, headers: Record<string, string>, body: string
): Promise<{ status: number, body: string }> {
  if (!app.server.listening) await app.listen({ host: '127.0.0.1', port: 0 })
  const { port } = app.server.address() as AddressInfo
  return new Promise((resolve, reject) => {
    const sent = request({ host: '127.0.0.1', port, method: 'POST', path: '/api/token/', headers })
    sent.on('error', reject)
    sent.on('response', response => {
      text(response).then(body => resolve({ status: response.statusCode ?? 0, body }), reject)
    })
    sent.end(body)
  })
}

t.test('every answer of a token route may not be stored', async t => {
  const { app } = await buildApp(t)
  for (const path of ['', '/', '/refresh/', '/verify/', '/blacklist/', '/sessions/', '/nothing']) {
    for (const method of ['GET', 'POST', 'DELETE'] as const) {
      t.equal(
        (await app.inject({ method, url: `/api/token${path}` })).headers['cache-control'],
        'no-store'
      )
    }
  }
})

t.test('an Authorization header, even a broken one, means nothing to the routes that take a body', async t => {
  const { app } = await buildApp(t)
  const reply = await app.inject({
    method: 'POST',
    url: '/api/token/',
    headers: { authorization: 'Bearer a b c' },
    payload: { username: 'vitor', password: '123' }
  })
  t.equal(reply.statusCode, 200)
})

t.test('an Accept header that cannot be met is not minded', async t => {
  const { app } = await buildApp(t)
  const reply = await app.inject({
    method: 'POST',
    url: '/api/token/',
    headers: { accept: 'image/png' },
    payload: { username: 'vitor', password: '123' }
  })
  t.equal(reply.statusCode, 200)
})

t.test('what Fastify itself refuses on a token route is told in the form of the others', async t => {
  const test = await buildApp(t)
  t.strictSame(
    await send(
      test, { 'content-type': 'application/json', 'content-length': '20000' }, 'x'.repeat(20_000)
    ),
    { status: 413, body: '{"detail":"Request body is too large"}' }
  )
  t.strictSame(
    await send(
      test,
      { 'content-type': 'application/json', 'transfer-encoding': 'chunked' },
      'x'.repeat(20_000)
    ),
    { status: 413, body: '{"detail":"Request body is too large"}' }
  )
  t.strictSame(await send(test, { 'content-type': '\tx' }, '{}'), {
    status: 415,
    body: '{"detail":"Unsupported media type \\"x\\" in request."}'
  })
})

t.test('a content type that is none at all, or missing, is a 415 too', async t => {
  const { app } = await buildApp(t)
  const reply = await app.inject({
    method: 'POST',
    url: '/api/token/',
    headers: { 'content-type': ';' },
    payload: '{}'
  })
  t.equal(reply.body, '{"detail":"Unsupported media type \\";\\" in request."}')
})

t.test('a path is one route with and without its trailing slash, also where the host sees to that', async t => {
  for (const server of [
    {},
    { ignoreTrailingSlash: true },
    { routerOptions: { ignoreTrailingSlash: true } }
  ]) {
    const { app } = await buildApp(t, {}, server)
    for (const url of ['/api/token', '/api/token/', '/api/token/verify', '/api/token/verify/']) {
      t.equal((await app.inject({ method: 'POST', url })).statusCode, 400, url)
    }
  }
})

t.test('a fault is the host\'s to answer, also on a token route', async t => {
  const { app } = await buildApp(t, {
    verifyCredentials: () => {
      throw Object.assign(new Error('database down'), { code: 'ECONNREFUSED' })
    }
  })
  app.setErrorHandler((error, _request, reply) =>
    reply.code(500).send({ said: (error as Error).message })
  )
  t.equal(
    (
      await app.inject({
        method: 'POST',
        url: '/api/token/',
        payload: { username: 'a', password: 'b' }
      })
    ).body,
    '{"said":"database down"}'
  )
})
