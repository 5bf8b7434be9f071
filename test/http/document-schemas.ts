import swagger from '@fastify/swagger'
import fastify, { type FastifySchema } from 'fastify'
import {
  type ZodTypeProvider, jsonSchemaTransform, serializerCompiler, validatorCompiler
} from 'fastify-type-provider-zod'
import t from 'tap'
import { z } from 'zod'
import simplejwt, { type SimpleJwtOptions } from '../../plugin/index.ts'
import { SECRET } from '../fixtures/app.ts'

const OPTIONS: SimpleJwtOptions = {
  secret: SECRET, verifyCredentials: () => ({ id: 1 }), rateLimit: false
}
const openapi = { openapi: '3.1.0', info: { title: 'host', version: '1' } } as const
const PATHS = [
  '/.well-known/jwks.json', '/api/token/', '/api/token/blacklist', '/api/token/refresh',
  '/api/token/sessions', '/api/token/sessions/{sid}', '/api/token/verify'
]

for (const cookie of [false, true, { bodyForApps: true }] as SimpleJwtOptions['cookie'][]) {
  t.test(`a host with zod has a document, with cookie ${JSON.stringify(cookie)}`, async t => {
    const app = fastify().withTypeProvider<ZodTypeProvider>()
    t.after(() => app.close())
    app.setValidatorCompiler(validatorCompiler)
    app.setSerializerCompiler(serializerCompiler)
    await app.register(swagger, { openapi, transform: jsonSchemaTransform })
    await app.register(simplejwt, { ...OPTIONS, cookie })
    app.get('/hello/', {
      onRequest: app.authenticate,
      schema: { querystring: z.object({ name: z.string() }), response: { 200: z.string() } }
    }, async request => `Hello, ${request.query.name}!`)
    await app.ready()
    const { paths = {} } = app.swagger()
    t.strictSame(Object.keys(paths).sort(), [...PATHS, '/hello/'])
    t.match(paths['/api/token/']?.post, { summary: /./, requestBody: { content: Object } })
    t.match(paths['/hello/']?.get, { parameters: [{ name: 'name', in: 'query' }] })

    const headers = { 'sec-fetch-site': 'same-origin' }
    const payload = { username: 'vitor', password: '123' }
    const { access } = (await app.inject({
      method: 'POST', url: '/api/token/', headers, payload
    })).json()
    const authorization = `Bearer ${access}`
    for (const url of ['/hello/?name=you', '/api/token/sessions/']) {
      t.equal((await app.inject({ url, headers: { authorization } })).statusCode, 200)
    }
  })
}

t.test('the transform of a host with JSON schemas sees the token routes', async t => {
  const app = fastify()
  t.after(() => app.close())
  const seen = new Set<string>()
  await app.register(swagger, {
    openapi,
    transform: ({ schema, url }: { schema: FastifySchema, url: string }) => {
      seen.add(url)
      return { schema: { ...schema, hide: url.endsWith('/verify') }, url }
    }
  })
  await app.register(simplejwt, OPTIONS)
  await app.ready()
  t.notOk('/api/token/verify' in (app.swagger().paths ?? {}))
  t.ok(seen.has('/api/token/'))
})

t.test('a hook of a host with zod may still choose the transform of a token route', async t => {
  const app = fastify()
  t.after(() => app.close())
  app.setValidatorCompiler(validatorCompiler)
  await app.register(swagger, { openapi, transform: jsonSchemaTransform })
  app.addHook('onRoute', options => {
    const hidden = () => ({ schema: { hide: true }, url: options.url })
    options.config = { ...options.config, swaggerTransform: hidden }
  })
  await app.register(simplejwt, OPTIONS)
  await app.ready()
  t.strictSame(app.swagger().paths, {})
})
