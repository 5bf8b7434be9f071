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

t.test('token routes: ignore a malformed Authorization header', async t => {
  const { app } = await buildApp(t)
  const reply = await app.inject({
    method: 'POST',
    url: '/api/token/',
    headers: { authorization: 'Bearer a b c' },
    payload: { username: 'vitor', password: '123' }
  })
  t.equal(reply.statusCode, 200)
})

t.test('token routes: ignore an unacceptable Accept header', async t => {
  const { app } = await buildApp(t)
  const reply = await app.inject({
    method: 'POST',
    url: '/api/token/',
    headers: { accept: 'image/png' },
    payload: { username: 'vitor', password: '123' }
  })
  t.equal(reply.statusCode, 200)
})

t.test('token routes: answer Fastify\'s own 413 and 415 in the common error form', async t => {
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

t.test('token routes: answer 415 to a malformed content type', async t => {
  const { app } = await buildApp(t)
  const reply = await app.inject({
    method: 'POST',
    url: '/api/token/',
    headers: { 'content-type': ';' },
    payload: '{}'
  })
  t.equal(reply.body, '{"detail":"Unsupported media type \\";\\" in request."}')
})

t.test('token routes: accept a path with or without its trailing slash', async t => {
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

t.test('token routes: leave a fault to the host\'s error handler', async t => {
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
