import { pathToFileURL } from 'node:url'
import type { KyInstance } from 'ky'
import t, { type Test } from 'tap'
import { MINUTE, type TestApp, buildApp } from '../fixtures/app.ts'
import { blockWith } from '../fixtures/docs.ts'
import { asJavaScript } from '../fixtures/type-check.ts'

const CALLS = 20

const CLIENT = `
import { createClient } from 'fastify-simplejwt/client'
export const client = createClient({ baseUrl: 'URL', storage: 'memory' })
await client.login({ username: 'vitor', password: '123' })`

/** As much of the module of client.md as the tests call. */
interface Libraries {
  http: KyInstance
  api: {
    POST(path: string, init: { body: object }): Promise<{ data?: object, response: Response }>
  }
}

interface LoggedIn extends TestApp, Libraries { orders: unknown[], typesOf(): string[] }

/** Runs the block of client.md that passes the client's fetch to ky and to openapi-fetch. */
async function logIn (t: Test): Promise<LoggedIn> {
  const built = await buildApp(t)
  const orders: unknown[] = []
  built.app.post('/orders/', { onRequest: built.app.authenticate }, async ({ body }) => {
    orders.push(body)
    return { number: orders.length }
  })
  const url = await built.app.listen({ port: 0, host: '127.0.0.1' })
  const block = asJavaScript(blockWith('client.md', "from 'ky'").code)
  const folder = t.testdir({
    'client.mjs': CLIENT.replace('URL', url),
    'libraries.mjs': block.replace('./client', './client.mjs')
      .replaceAll('location.origin', `'${url}'`)
  })
  const libraries = await import(pathToFileURL(`${folder}/libraries.mjs`).href) as Libraries
  const typesOf = (): string[] => built.events.splice(0).map(({ type }) => type)
  return { ...built, http: libraries.http, api: libraries.api, orders, typesOf }
}

const callAll = <Answer>(call: () => Promise<Answer>): Promise<Answer[]> =>
  Promise.all(Array.from({ length: CALLS }, call))

t.test('ky: calls with the fetch of the client share one refresh', async t => {
  const { clock, http, orders, typesOf } = await logIn(t)
  clock.advance(6 * MINUTE)
  await callAll(() => http.post('orders/', { json: { count: 1 } }).json())
  t.same(orders, Array(CALLS).fill({ count: 1 }), 'each order is carried out once')
  t.strictSame(typesOf(), ['login', 'refreshed'])
})

t.test('openapi-fetch: calls with the fetch of the client share one refresh', async t => {
  const { api, app, clock, orders, typesOf } = await logIn(t)
  clock.advance(6 * MINUTE)
  const order = () => api.POST('/orders/', { body: { count: 1 } })
  for (const { response } of await callAll(order)) t.equal(response.status, 200)
  t.same(orders, Array(CALLS).fill({ count: 1 }), 'each order is carried out once')
  t.strictSame(typesOf(), ['login', 'refreshed'])

  await app.tokens.revokeUser('1')
  t.equal((await order()).response.status, 401, 'after the session was revoked')
})
