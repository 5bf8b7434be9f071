import cors from '@fastify/cors'
import fastify from 'fastify'
import t from 'tap'
import { answerPreflight } from '../../../plugin/oauth/routes/preflight.ts'
import { buildAuthorizeApp } from '../../fixtures/oauth/authorize-app.ts'

const METADATA = '/.well-known/oauth-authorization-server'
const APP = 'https://app.example'
const PREFLIGHT = { origin: APP, 'access-control-request-method': 'POST' }

t.test('preflight: allows the method and the headers of a route to any origin', async t => {
  const { app } = await buildAuthorizeApp(t)
  for (const [url, methods, headers] of [
    ['/oauth/token', 'POST', 'authorization, content-type'],
    ['/oauth/revoke', 'POST', 'authorization, content-type'], [METADATA, 'GET, HEAD', '*']
  ] as const) {
    for (const slash of ['', '/']) {
      const reply = await app.inject({ method: 'OPTIONS', url: url + slash, headers: PREFLIGHT })
      t.same([reply.statusCode, reply.body], [204, ''])
      t.match(reply.headers, {
        allow: `${methods}, OPTIONS`,
        'access-control-allow-origin': '*',
        'access-control-allow-methods': methods,
        'access-control-allow-headers': headers,
        'access-control-max-age': '7200'
      }, url)
      t.notOk('access-control-allow-credentials' in reply.headers)
    }
  }
})

t.test('preflight: is for no other endpoint', async t => {
  const { app } = await buildAuthorizeApp(t)
  for (const [url, allow] of [
    ['/oauth/authorize', /GET, HEAD, POST, OPTIONS/],
    ['/oauth/authorization', /GET, HEAD, POST, OPTIONS/],
    ['/oauth/authorization/', /GET, HEAD, POST, OPTIONS/], ['/oauth/introspect', 'POST, OPTIONS']
  ] as const) {
    const { statusCode, headers } = await app.inject({ method: 'OPTIONS', url, headers: PREFLIGHT })
    t.equal(statusCode, 204)
    t.match(headers.allow, allow)
    t.same(Object.keys(headers).filter(name => name.startsWith('access-control')), [], url)
  }
})

t.test('preflight: a CORS plugin of the host answers before', async t => {
  const { app } = await buildAuthorizeApp(t, {
    before: app => app.register(cors, { origin: [APP], credentials: true })
  })
  for (const url of ['/oauth/token', '/oauth/revoke', METADATA]) {
    const { statusCode, headers } = await app.inject({ method: 'OPTIONS', url, headers: PREFLIGHT })
    t.equal(statusCode, 204)
    t.match(headers, {
      'access-control-allow-origin': APP, 'access-control-allow-credentials': 'true'
    }, url)
  }
})

t.test('preflight: leaves a route of the host', async t => {
  const app = fastify()
  t.after(() => app.close())
  app.options('/a', async () => 'theirs')
  app.after(() => {
    answerPreflight(app, '/a', 'POST', '*')
    answerPreflight(app, '/b', 'POST', '*')
  })
  t.equal((await app.inject({ method: 'OPTIONS', url: '/a' })).body, 'theirs')
  t.equal((await app.inject({ method: 'OPTIONS', url: '/b/' })).statusCode, 204)
})
