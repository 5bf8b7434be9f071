import t from 'tap'
import { METHODS } from 'node:http'
import { buildApp } from '../fixtures/app.ts'

type Method = 'GET'
const ROUTES: [path: string, methods: string[]][] = [
  ['', ['POST']],
  ['/refresh', ['POST']],
  ['/verify', ['POST']],
  ['/blacklist', ['POST']],
  ['/sessions', ['GET', 'HEAD', 'DELETE']],
  ['/sessions/some-id', ['DELETE']]
]

t.test('every other method is a 405 with Allow, before the body is looked at', async t => {
  const { app } = await buildApp(t)
  for (const [path, methods] of ROUTES) {
    for (const method of METHODS.filter(
      method => ![...methods, 'OPTIONS', 'CONNECT', 'QUERY'].includes(method)
    )) {
      for (const slash of ['', '/']) {
        const reply = await app.inject({
          method: method as Method,
          url: `/api/token${path}${slash}?x=1`,
          headers: { 'content-type': 'application/json' },
          payload: '{'
        })
        t.equal(reply.statusCode, 405, `${method} ${path}${slash}`)
        t.equal(reply.headers.allow, [...methods, 'OPTIONS'].join(', '))
        t.equal(
          reply.body, method === 'HEAD' ? '' : `{"detail":"Method \\"${method}\\" not allowed."}`
        )
        t.equal(reply.headers['cache-control'], 'no-store')
      }
    }
  }
})

t.test('a path is decoded as the router does', async t => {
  const { app } = await buildApp(t)
  t.equal((await app.inject({ method: 'GET', url: '/api/%74oken/' })).statusCode, 405)
  t.equal((await app.inject({ method: 'GET', url: '/api/token/%F0%9F%98%80' })).statusCode, 404)
})

t.test('a method that a route supports reaches the route', async t => {
  const { login } = await buildApp(t)
  t.hasProps(await login(), ['access', 'refresh'])
})

t.test('OPTIONS is a 204 with Allow', async t => {
  const { app } = await buildApp(t)
  for (const [path, methods] of ROUTES) {
    const reply = await app.inject({ method: 'OPTIONS', url: `/api/token${path}/` })
    t.equal(reply.statusCode, 204)
    t.equal(reply.body, '')
    t.equal(reply.headers.allow, [...methods, 'OPTIONS'].join(', '))
  }
})

t.test('another path below the prefix is our 404, and outside of it a 404 of the host', async t => {
  const { app } = await buildApp(t)
  for (const path of [
    '/nothing', '/refresh/x', '/sessions/a/b', '/sessions//x', '//', '/refresh//'
  ]) {
    for (const method of ['GET', 'POST', 'OPTIONS'] as const) {
      const reply = await app.inject({ method, url: `/api/token${path}` })
      t.equal(reply.statusCode, 404, `${method} ${path}`)
      t.equal(reply.body, '{"detail":"Not found."}')
    }
  }
  t.match((await app.inject('/api/tokens')).json(), { message: 'Route GET:/api/tokens not found' })
})
