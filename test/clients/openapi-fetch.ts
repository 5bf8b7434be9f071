import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import openapiTS, { astToString } from 'openapi-typescript'
import t from 'tap'
import { buildDemo } from '../fixtures/servers/built-demo.ts'
import { asJavaScript, typeFaults } from '../fixtures/type-check.ts'

/**
 * A client that knows of the server only its document. It logs in, refreshes, calls a guarded
 * route, and logs out.
 */
const CLIENT = `
import createClient, { type Middleware } from 'openapi-fetch'
import type { paths } from './api.ts'

export async function tour (baseUrl: string): Promise<string[]> {
  const client = createClient<paths>({ baseUrl })
  let access = ''
  const bearer: Middleware = {
    onRequest ({ request }) {
      if (access !== '') request.headers.set('authorization', 'Bearer ' + access)
    }
  }
  client.use(bearer)

  const login = await client.POST('/api/token', { body: { username: 'vitor', password: '123' } })
  if (login.data === undefined) throw new Error('the login was refused')
  let refresh: string = login.data.refresh

  const refreshed = await client.POST('/api/token/refresh', { body: { refresh } })
  if (refreshed.data === undefined) throw new Error('the refresh was refused')
  access = refreshed.data.access
  refresh = refreshed.data.refresh

  const hello = await client.GET('/hello/')
  const sessions = await client.GET('/api/token/sessions')
  const [session] = sessions.data ?? []
  const sid = session?.sid ?? ''
  const ended = await client.DELETE('/api/token/sessions/{sid}', { params: { path: { sid } } })
  const refused = await client.POST('/api/token/refresh', { body: { refresh } })
  return [
    hello.data?.message ?? '', String(session?.current), String(ended.response.status),
    refused.error?.code ?? ''
  ]
}
`

const MISTAKES: [right: string, wrong: string, fault: string][] = [
  ["username: 'vitor', ", '', "'username' is missing"],
  ['login.data.refresh', 'login.data.refesh', "'refesh' does not exist"],
  ['session?.current', 'session?.curent', "'curent' does not exist"],
  ['{ sid } }', '{ id: sid } }', "'id' does not exist"],
  ["'/api/token/sessions'", "'/api/token/session'", 'is not assignable']
]

t.test('openapi-fetch: types from the document of the demo are true', async t => {
  const app = await buildDemo(t)
  const url = await app.listen({ port: 0, host: '127.0.0.1' })
  const document = await (await fetch(`${url}/docs/json`)).text()
  const folder = t.testdir({
    'package.json': '{ "type": "module" }',
    'api.ts': astToString(await openapiTS(document)),
    'client.ts': CLIENT,
    'client.js': asJavaScript(CLIENT),
    ...Object.fromEntries(MISTAKES.map(([right, wrong], index) =>
      [`mistake-${index}.ts`, CLIENT.replace(right, wrong)]))
  })
  const files = ['client.ts', ...MISTAKES.map((_, index) => `mistake-${index}.ts`)]
  const faults = typeFaults(files.map(file => join(folder, file)))

  await t.test('a client compiles without a cast or a default for a token', async t => {
    t.same(faults.filter(fault => fault.includes('client.ts')), [])
  })

  for (const [index, [right, wrong, expected]] of MISTAKES.entries()) {
    await t.test(`a client does not compile with "${wrong}" for "${right}"`, async t => {
      const found = faults.filter(fault => fault.includes(`mistake-${index}.ts`)).join('\n')
      t.match(found, expected)
    })
  }

  await t.test('a client does what its types say', async t => {
    const { tour } = await import(pathToFileURL(join(folder, 'client.js')).href) as {
      tour(url: string): Promise<string[]>
    }
    t.same(await tour(url), ['Hello, World!', 'true', '204', 'token_not_valid'])
  })
})
