import fastifyExpress from '@fastify/express'
import { http } from '@google-cloud/functions-framework'
import { getTestServer } from '@google-cloud/functions-framework/testing'
import express from 'express'
import type { FastifyInstance } from 'fastify'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import t from 'tap'
import { buildApp } from '../fixtures/app.ts'
import { buildHost } from '../fixtures/host.ts'
import { ask } from '../fixtures/servers/platform.ts'

const JSON_TYPE = 'application/json'
const FORM = 'application/x-www-form-urlencoded'
const BODIES = [
  [JSON_TYPE, '{"username":"vitor","password":"123"}'],
  [FORM, 'username=vitor&password=123']
] as const

const post = (type: string, body: string): RequestInit =>
  ({ headers: { 'content-type': type }, body })

/** The parser of Fastify's serverless guide, for Firebase and Google Cloud Functions. */
const guideParser = (app: FastifyInstance): void => {
  app.addContentTypeParser(JSON_TYPE, {}, (_request, payload, done) => {
    done(null, (payload as unknown as { body: unknown }).body)
  })
}

for (const [name, before] of [
  ['with', guideParser], ['without', () => {}]
] as const) {
  t.test(`Google Cloud Functions: all routes work ${name} the parser of the guide`, async t => {
    const { app } = await buildHost(t, { before })
    await app.ready()
    const target = `fastify-${name}`
    http(target, (request, response) => { app.routing(request, response) })
    const server = getTestServer(target)
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    t.after(() => { server.closeAllConnections(); server.close() })
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/api/token/`

    for (const [type, body] of BODIES) {
      const login = await ask(url, post(type, body))
      t.equal(login.status, 200, type)
      const { refresh, access } = await login.json() as { refresh: string, access: string }
      const again = await ask(`${url}refresh/`, post(type, type === FORM
        ? `refresh=${refresh}`
        : JSON.stringify({ refresh })))
      t.equal(again.status, 200)
      const headers = { authorization: `Bearer ${access}` }
      t.equal((await ask(`${url}sessions/`, { method: 'GET', headers })).status, 200)
      t.equal((await ask(`${url}sessions/`, { method: 'DELETE', headers })).status, 204)
    }
    const long = JSON.stringify({ username: 'vitor', password: 'x'.repeat(20_000) })
    t.equal((await ask(url, post(JSON_TYPE, long))).status, 413)
    t.equal((await ask(url, post('text/plain', 'x'))).status, 415)
    t.equal((await ask(url)).status, 400)
  })
}

for (const [name, use] of Object.entries({
  'express.json()': [express.json()],
  'express.json() and express.urlencoded()': [express.json(), express.urlencoded()],
  'express.raw()': [express.raw({ type: '*/*' })],
  'express.text()': [express.text({ type: '*/*' })]
})) {
  t.test(`@fastify/express: all routes work behind ${name}`, async t => {
    const { app } = await buildHost(t, {
      before: async app => {
        await app.register(fastifyExpress)
        for (const middleware of use) app.use(middleware)
      }
    })
    const address = await app.listen({ host: '127.0.0.1', port: 0 })
    for (const [type, body] of BODIES) {
      const reply = await ask(`${address}/api/token/`, post(type, body))
      t.equal(reply.status, 200, type)
    }
    const long = JSON.stringify({ username: 'vitor', password: 'x'.repeat(20_000) })
    t.equal((await ask(`${address}/api/token/`, post(JSON_TYPE, long))).status, 413)
    t.equal((await ask(`${address}/api/token/`)).status, 400)
  })
}

t.test('in cookie mode a platform that reads bodies changes nothing', async t => {
  const { app } = await buildApp(t, { cookie: true })
  await app.ready()
  http('fastify-cookie', (request, response) => { app.routing(request, response) })
  const server = getTestServer('fastify-cookie')
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => { server.closeAllConnections(); server.close() })
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/api/token/`
  const headers = { 'sec-fetch-site': 'same-origin', 'content-type': JSON_TYPE }
  const login = await ask(url, { headers, body: BODIES[0][1] })
  const cookie = (login.headers.get('set-cookie') as string).split(';')[0] as string
  const refreshed = await ask(`${url}refresh/`, { headers: { ...headers, cookie } })
  t.equal(refreshed.status, 200)
})
