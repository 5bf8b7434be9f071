import { pathToFileURL } from 'node:url'
import t, { type Test } from 'tap'
import { MINUTE, type TestApp, buildApp } from '../fixtures/app.ts'
import { blockWith } from '../fixtures/docs.ts'
import { asJavaScript } from '../fixtures/type-check.ts'

const CALLS = 20
const { code } = blockWith('client.md', '// service.ts')

interface Service extends TestApp {
  /** Types of the events since the last call. */
  typesOf(): string[]
  /** Calls `POST /orders/` in parallel, and returns the different answers. */
  order(): Promise<string[]>
  /** Bodies of the orders that the guard let pass. */
  orders: unknown[]
}

/** Starts the server, and the service of client.md with this code. */
async function startService (t: Test, source = code): Promise<Service> {
  const built = await buildApp(t)
  built.users.push({ id: 9, name: 'billing', password: 'secret', isActive: true })
  process.env.BILLING_PASSWORD = 'secret'
  const orders: unknown[] = []
  built.app.post('/orders/', { onRequest: built.app.authenticate }, async ({ body }) => {
    orders.push(body)
    return 'ordered'
  })
  const url = await built.app.listen({ port: 0, host: '127.0.0.1' })
  const script = asJavaScript(source).replaceAll(/https:\/\/(login|orders)\.example\.com/g, url)
  const folder = t.testdir({ 'service.js': script })
  const { callOrders } = await import(pathToFileURL(`${folder}/service.js`).href) as {
    callOrders(path: string, init: RequestInit): Promise<Response>
  }
  const init = {
    method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"count":1}'
  }
  const orderOnce = async (): Promise<string> => (await callOrders('/orders/', init)).text()
  return {
    ...built,
    orders,
    typesOf: () => built.events.splice(0).map(({ type }) => type),
    order: async () => [...new Set(await Promise.all(Array.from({ length: CALLS }, orderOnce)))]
  }
}

t.test('service: parallel calls log in once, refresh once, and log in again', async t => {
  const { app, clock, orders, order, typesOf } = await startService(t)
  t.strictSame(await order(), ['ordered'])
  t.strictSame(typesOf(), ['login'])
  t.strictSame(await order(), ['ordered'])
  t.strictSame(typesOf(), [])
  clock.advance(6 * MINUTE)
  t.strictSame(await order(), ['ordered'])
  t.strictSame(typesOf(), ['refreshed'])

  await app.tokens.revokeUser('9')
  typesOf()
  t.strictSame(await order(), ['ordered'])
  t.strictSame(typesOf(), ['login'], 'after the session was revoked')
  t.same(orders, Array(4 * CALLS).fill({ count: 1 }), 'each order is carried out once')
})

t.test('service: without the shared promise each call logs in', async t => {
  const naive = code.replace('loggingIn ??=', 'loggingIn =')
  t.not(naive, code)
  const { order, typesOf } = await startService(t, naive)
  t.strictSame(await order(), ['ordered'])
  t.equal(typesOf().length, CALLS)
})
