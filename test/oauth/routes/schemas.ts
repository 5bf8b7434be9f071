import swagger from '@fastify/swagger'
import openapiTS, { astToString } from 'openapi-typescript'
import t from 'tap'
import * as openidSchemas from '../../../plugin/oauth/routes/openid-schemas.ts'
import * as schemas from '../../../plugin/oauth/routes/schemas.ts'
import * as tokenSchemas from '../../../plugin/oauth/routes/token-management-schemas.ts'
import { buildAuthorizeApp } from '../../fixtures/oauth/authorize-app.ts'

interface Answer { description: string, content?: object }
interface Operation {
  summary: string
  tags: string[]
  responses: Record<string, Answer>
  parameters?: { name: string, in: string, required?: boolean }[]
  requestBody?: { content: Record<string, { schema: { required: string[] } }> }
  security?: object[]
}
type Paths = Record<string, Record<string, Operation>>

const METADATA = '/.well-known/oauth-authorization-server'

/** The operations of the plugin, and the statuses that each documents. */
const OPERATIONS: Record<string, string[]> = {
  'get /oauth/authorize': ['303', '400', '429'],
  'post /oauth/token': ['200', '400', '401', '429', '503'],
  'post /oauth/revoke': ['200', '400', '401', '429', '503'],
  'post /oauth/introspect': ['200', '400', '401', '429', '503'],
  'get /oauth/userinfo': ['200', '401', '403'],
  'get /oauth/authorization': ['200', '400'],
  'post /oauth/authorization': ['200', '400', '403'],
  [`get ${METADATA}`]: ['200'],
  'get /.well-known/openid-configuration': ['200'],
  'get /.well-known/oauth-protected-resource/api': ['200']
}

async function documentOf (t: { after(close: () => unknown): void }, options: object) {
  const { app } = await buildAuthorizeApp(t, { before: app => app.register(swagger, options) })
  await app.ready()
  return app.swagger()
}

const OPENAPI = { openapi: { openapi: '3.1.0', info: { title: 'host', version: '1' } } }

t.test('schemas: document each endpoint once, with its tag and statuses', async t => {
  const { paths } = await documentOf(t, OPENAPI) as unknown as { paths: Paths }
  const found = Object.entries(paths).flatMap(([path, operations]) =>
    Object.entries(operations).map(([method, operation]) =>
      [`${method} ${path.replace(/\/$/, '')}`, operation] as const))
    .filter(([, { tags }]) => tags.includes('oauth'))
  t.same(found.map(([name]) => name).sort(), Object.keys(OPERATIONS).sort())
  for (const [name, { summary, responses }] of found) {
    t.match(summary, /\w.*\.$/, name)
    for (const status of OPERATIONS[name] ?? []) t.ok(status in responses, `${name} ${status}`)
    for (const { description } of Object.values(responses)) t.match(description, /\w.*\.$/, name)
  }
})

t.test('schemas: the document is a valid one of OpenAPI', async t => {
  const document = await documentOf(t, OPENAPI)
  const types = astToString(await openapiTS(JSON.stringify(document)))
  t.match(types, /"\/oauth\/authorize"/)
  t.match(types, /application\/x-www-form-urlencoded/)
  t.ok(await documentOf(t, {}), 'also one of Swagger 2')
})

t.test('schemas: the forms of clients are documented as forms', async t => {
  const { paths } = await documentOf(t, OPENAPI) as unknown as { paths: Paths }
  for (const name of ['token', 'revoke', 'introspect']) {
    const [, found] = Object.entries(paths).find(([path]) =>
      path.replace(/\/$/, '') === `/oauth/${name}`) ?? []
    t.same(Object.keys(found?.post?.requestBody?.content ?? {}),
      ['application/x-www-form-urlencoded'], name)
  }
})

t.test('schemas: hold plain JSON', async t => {
  for (const [name, schema] of Object.entries(
    { ...schemas, ...openidSchemas, ...tokenSchemas })) {
    t.same(JSON.parse(JSON.stringify(schema)), schema, name)
  }
})
