import swagger from '@fastify/swagger'
import type { FastifyInstance } from 'fastify'
import t from 'tap'
import { buildHost } from '../fixtures/host.ts'

/** As much of an OpenAPI document as the tests read. */
interface Media {
  schema: { properties?: object, required?: string[] }
  example?: object
  examples?: object
}
interface Operation {
  summary?: string
  tags?: string[]
  requestBody?: { required?: boolean, content: Record<string, Media> }
  responses: Record<string, { description: string, content?: Record<string, Media> }>
  parameters?: { name: string, in: string }[]
}
type Paths = Record<string, Record<string, Operation>>

const register = (app: FastifyInstance) =>
  app.register(swagger, { openapi: { openapi: '3.1.0', info: { title: 'host', version: '1' } } })

const registerWithKeys = (app: FastifyInstance) => app.register(swagger, {
  openapi: {
    openapi: '3.1.0',
    info: { title: 'host', version: '1' },
    components: { securitySchemes: { key: { type: 'apiKey', name: 'x-api-key', in: 'header' } } }
  }
})

async function pathsOf (app: FastifyInstance): Promise<Paths> {
  await app.ready()
  return app.swagger().paths as unknown as Paths
}

const statuses: Record<string, { tag: string, statuses: string[], fields?: string[] }> = {
  'POST /api/token': {
    tag: 'token',
    statuses: ['200', '400', '401', '429', '503'],
    fields: ['username', 'password']
  },
  'POST /api/token/refresh': {
    tag: 'token',
    statuses: ['200', '400', '401', '429', '503'],
    fields: ['refresh']
  },
  'POST /api/token/verify': {
    tag: 'token',
    statuses: ['200', '400', '401', '429', '503'],
    fields: ['token']
  },
  'POST /api/token/blacklist': {
    tag: 'token',
    statuses: ['200', '400', '401', '429', '503'],
    fields: ['refresh']
  },
  'GET /.well-known/jwks.json': { tag: 'token', statuses: ['200', '404'] },
  'GET /api/token/sessions': { tag: 'sessions', statuses: ['200', '401', '429', '503'] },
  'DELETE /api/token/sessions': { tag: 'sessions', statuses: ['204', '401', '429', '503'] },
  'DELETE /api/token/sessions/{sid}': {
    tag: 'sessions', statuses: ['204', '401', '404', '429', '503']
  }
}

const withoutSlash = (path: string): string => path.replace(/(.)\/$/, '$1')

/** Every documented operation as `METHOD /path`, without a trailing slash. */
const operationsOf = (paths: Paths): [name: string, operation: Operation][] =>
  Object.entries(paths).flatMap(([path, operations]) =>
    Object.entries(operations).map(([method, operation]): [string, Operation] => [
      `${method.toUpperCase()} ${withoutSlash(path)}`, operation
    ])
  )

for (const { name, server = {}, document = register } of [
  { name: 'a host' },
  {
    name: 'a host with ignoreTrailingSlash',
    server: { routerOptions: { ignoreTrailingSlash: true } }
  },
  { name: 'a host with exposeHeadRoutes: false', server: { exposeHeadRoutes: false } },
  {
    name: 'a host with a document of Swagger 2',
    document: (app: FastifyInstance) => app.register(swagger)
  },
  { name: 'a host that has security schemes of its own', document: registerWithKeys }
]) {
  t.test(`${name} finds each token route once in its document, and nothing else`, async t => {
    const { app } = await buildHost(t, { server, before: document })
    t.same(
      operationsOf(await pathsOf(app))
        .map(([name]) => name)
        .sort(),
      Object.keys(statuses).sort()
    )
  })
}

t.test('each token route is documented with summary, tag, replies and examples', async t => {
  const { app } = await buildHost(t, { before: register })
  const operations = new Map(operationsOf(await pathsOf(app)))
  for (const [name, { tag, statuses: expected, fields }] of Object.entries(statuses)) {
    t.test(name, async t => {
      const operation = operations.get(name) as Operation
      t.match(operation.summary, /\w.*\.$/)
      t.same(operation.tags, [tag])
      t.same(Object.keys(operation.responses).sort(), expected)
      for (const [status, { description, content }] of Object.entries(operation.responses)) {
        t.match(description, /\w.*\.$/, `${status} is described`)
        if (Number(status) >= 400) t.ok(exampleOf(content), `${status} has an example`)
      }
      if (fields === undefined) return t.notOk(operation.requestBody)
      const media = operation.requestBody?.content['application/json']
      t.same(media?.schema.required, fields)
      t.same(Object.keys(media?.schema.properties ?? {}), fields)
      t.same(
        Object.keys(exampleOf(operation.requestBody?.content) as object),
        fields,
        'the body has an example'
      )
    })
  }
})

/** The example of a body, wherever the document keeps it. */
function exampleOf (content: Record<string, Media> | undefined): object | undefined {
  const media = content?.['application/json'] as
    (Media & { schema: { example?: object, examples?: object[] } }) | undefined
  return (
    media?.example ??
    Object.values(media?.examples ?? {})[0] ??
    media?.schema.example ??
    media?.schema.examples?.[0]
  )
}

t.test('the document has the usernameField and the prefix of the options', async t => {
  const { app } = await buildHost(t, {
    before: register,
    options: { usernameField: 'email', usernameMaxLength: 100, prefix: '/auth' }
  })
  const operation = new Map(operationsOf(await pathsOf(app))).get('POST /auth')
  const schema = operation?.requestBody?.content['application/json']?.schema
  t.same(schema?.required, ['email', 'password'])
  t.match(schema?.properties, { email: { maxLength: 100 } })
})

t.test("the host's own routes are documented as ever", async t => {
  const { app } = await buildHost(t, {
    before: register,
    after: app => {
      app.get('/hello/', { schema: { summary: 'Greet.' } }, async () => ({}))
    }
  })
  const paths = await pathsOf(app)
  t.equal(paths['/hello/']?.get?.summary, 'Greet.')
})
