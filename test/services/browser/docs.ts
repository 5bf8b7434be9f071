import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import openapiTS, { astToString } from 'openapi-typescript'
import type { Page } from 'playwright-core'
import t from 'tap'
import { openBrowser, skip, visit } from '../../fixtures/servers/chromium.ts'
import { startDemo } from '../../fixtures/servers/demo.ts'
import { asJavaScript, typeFaults } from '../../fixtures/type-check.ts'

/** As much of an OpenAPI document as the tests read. */
interface Media { schema: { type: string }, example?: object, examples?: object }
interface Operation {
  summary?: string
  tags?: string[]
  security?: object[]
  requestBody?: { content: Record<string, Media> }
  responses: Record<string, { description: string, content?: Record<string, Media> }>
}
interface Document {
  openapi: string
  tags: { name: string }[]
  components: { securitySchemes: Record<string, object> }
  paths: Record<string, Record<string, Operation>>
}

const GUARDED = [
  'GET /api/token/sessions', 'DELETE /api/token/sessions', 'DELETE /api/token/sessions/{sid}',
  'GET /hello/', 'GET /me/'
]

t.test('the document', async t => {
  const { url } = await startDemo(t)
  const document = await (await fetch(`${url}/docs/json`)).json() as Document
  const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]): [string, Operation] => [
      `${method.toUpperCase()} ${path}`, operation
    ])
  )

  await t.test('is of OpenAPI 3.1, and says what a bearer is', async t => {
    t.equal(document.openapi, '3.1.0')
    t.match(document.components.securitySchemes, {
      bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' }
    })
  })

  await t.test('has a summary, a tag and examples for each operation', async t => {
    const tags = document.tags.map(({ name }) => name)
    for (const [name, { summary, tags: [tag = ''] = [], requestBody, responses }] of operations) {
      t.match(summary, /^[A-Z].*\.$/, name)
      t.ok(tags.includes(tag), `${name}: ${tag} is explained`)
      if (requestBody !== undefined) {
        t.ok(exampleOf(requestBody.content), `${name}: the body has an example`)
      }
      for (const [status, { description, content }] of Object.entries(responses)) {
        t.match(description, /\w.*\.$/, `${name}: ${status} is described`)
        if (Number(status) >= 400) {
          t.equal(
            content?.['application/json']?.schema.type, 'object', `${name}: ${status} has a body`
          )
        }
        if (Number(status) >= 400) t.ok(exampleOf(content), `${name}: ${status} has an example`)
      }
    }
  })

  await t.test('asks for a bearer where the guard does, and nowhere else', async t => {
    t.same(
      operations
        .filter(([, { security }]) => security !== undefined)
        .map(([name]) => name)
        .sort(),
      [...GUARDED].sort()
    )
    for (const [name, { security, responses }] of operations.filter(([name]) =>
      GUARDED.includes(name)
    )) {
      t.same(security, [{ bearer: [] }], name)
      t.ok(responses[401], `${name} may be refused`)
    }
    for (const [name] of operations) {
      const [method = '', path = ''] = name.split(' ')
      const { status } = await fetch(url + path.replace('{sid}', '0'.repeat(32)), { method })
      t.equal(status === 401, GUARDED.includes(name), `${name} without a token: ${status}`)
    }
  })

  await t.test('gives a client types that are true, and that notice mistakes', async t => {
    const folder = t.testdir({
      'package.json': '{ "type": "module" }',
      'api.ts': astToString(await openapiTS(JSON.stringify(document))),
      'client.ts': CLIENT
    })
    t.same(typeFaults([join(folder, 'client.ts')]), [])
    writeFileSync(join(folder, 'client.js'), asJavaScript(CLIENT))
    const { tour } = (await import(pathToFileURL(join(folder, 'client.js')).href)) as {
      tour(url: string): Promise<string>
    }
    t.equal(await tour(url), 'Hello, World!')

    const mistakes: [right: string, wrong: string, fault: string][] = [
      ["username: 'vitor', ", '', "'username' is missing"],
      ["password: '123'", 'password: 123', "'number' is not assignable to type 'string'"],
      ['pair.refresh', 'pair.refesh', "'refesh' does not exist"],
      [
        "'/api/token/refresh'", "'/api/token/refersh'", '\'"/api/token/refersh"\' is not assignable'
      ],
      ['greeting.message', 'greeting.massage', "'massage' does not exist"]
    ]
    mistakes.forEach(([right, wrong], index) =>
      writeFileSync(join(folder, `mistake-${index}.ts`), CLIENT.replace(right, wrong))
    )
    const found = typeFaults(mistakes.map((_, index) => join(folder, `mistake-${index}.ts`)))
    for (const [index, [, wrong, fault]] of mistakes.entries()) {
      t.match(found.filter(text => text.includes(`mistake-${index}.ts`)).join('\n'), fault, wrong)
    }
  })
})

const exampleOf = (content: Record<string, Media> | undefined): object | undefined => {
  const media = content?.['application/json']
  return media?.example ?? media?.examples
}

/**
 * A client that knows of the server what the document says. It logs in, refreshes, and calls
 * /hello/.
 */
const CLIENT = `
import type { paths } from './api.ts'

declare function fetch (url: string, init: { method: string, headers: Record<string, string>, body?: string }): Promise<{ json(): Promise<unknown> }>

type Body<Path extends keyof paths> = paths[Path] extends { post: { requestBody?: { content: { 'application/json': infer Body } } } } ? Body : never
type Answer<Path extends keyof paths, Method extends 'get' | 'post'> =
  paths[Path][Method] extends { responses: { 200: { content: { 'application/json': infer Answer } } } } ? Answer : never

async function post<Path extends keyof paths> (url: string, path: Path, body: Body<Path>): Promise<Answer<Path, 'post'>> {
  const reply = await fetch(url + path, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) })
  return await reply.json() as Answer<Path, 'post'>
}

async function get<Path extends keyof paths> (url: string, path: Path, token = ''): Promise<Answer<Path, 'get'>> {
  return await (await fetch(url + path, { method: 'GET', headers: { authorization: 'Bearer ' + token } })).json() as Answer<Path, 'get'>
}

export async function tour (url: string): Promise<string> {
  const pair = await post(url, '/api/token', { username: 'vitor', password: '123' })
  const next = await post(url, '/api/token/refresh', { refresh: pair.refresh })
  const greeting = await get(url, '/hello/', next.access)
  return greeting.message
}
`

t.test('/docs in Chromium: "Authorize" opens /hello/ without console errors', { skip }, async t => {
  const { url } = await startDemo(t)
  const browser = await openBrowser()
  t.after(() => browser.close())
  const { page, faults } = await visit(browser, `${url}/docs`, {
    viewport: { width: 1280, height: 900 }
  })
  const hello = page.locator('#operations-guarded-get_hello_')
  await hello.locator('.opblock-summary-control').click()

  t.equal(await execute(page), '401')
  await page.getByRole('button', { name: 'Authorize', exact: true }).first().click()
  await page.locator('.auth-container input').fill(await accessToken(url))
  await page.locator('.auth-btn-wrapper').getByRole('button', { name: 'Apply credentials' }).click()
  await page.locator('.auth-btn-wrapper').getByRole('button', { name: 'Close' }).click()
  await hello.locator('.btn-clear').click()
  t.equal(await execute(page), '200')
  t.match(await hello.locator('.live-responses-table').textContent(), 'Hello, World!')
  t.same(faults, [], 'nothing is wrong in the console')
})

/** Presses "Execute" of the one operation that is open, and gives the status that came. */
async function execute (page: Page): Promise<string> {
  await page.getByRole('button', { name: 'Execute' }).click()
  return (await page
    .locator('.live-responses-table .response-col_status')
    .last()
    .textContent()) as string
}

async function accessToken (url: string): Promise<string> {
  const reply = await fetch(`${url}/api/token/`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{"username":"vitor","password":"123"}'
  })
  return (await reply.json() as { access: string }).access
}
