import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { text } from 'node:stream/consumers'
import { pathToFileURL } from 'node:url'
import fastify, { type FastifyInstance } from 'fastify'
import t, { type Test } from 'tap'
import WebSocket from 'ws'
import simplejwt, { type SimpleJwtOptions, authenticate, memoryStore } from '../../plugin/index.ts'
import { SECRET } from '../fixtures/app.ts'
import { blockWith } from '../fixtures/docs.ts'
import { asJavaScript } from '../fixtures/type-check.ts'

const options: SimpleJwtOptions = {
  secret: SECRET, verifyCredentials: () => ({ id: 1 }), rateLimit: false
}

/** Imports a block of guards.md, by the name in its first line. */
async function load<Module> (t: Test, name: string): Promise<Module> {
  const code = asJavaScript(blockWith('guards.md', `// ${name}.ts`).code)
  const folder = t.testdir({ [`${name}.js`]: code })
  return await import(pathToFileURL(join(folder, `${name}.js`)).href) as Module
}

type Extracting = Required<Pick<SimpleJwtOptions, 'extractToken'>>

async function appWith (t: Test, { extractToken }: Extracting, logger: object | false = false) {
  const app = fastify({ logger } as object)
  t.after(() => app.close())
  await app.register(simplejwt, { ...options, extractToken })
  app.get('/hello', { onRequest: authenticate }, async request => request.user.user_id)
  const { access } = await app.tokens.issue({ id: 1 })
  return { app, access }
}

t.test('guards.md: the scheme of djoser and that of RFC 6750 both work', async t => {
  const { app, access } = await appWith(t, await load(t, 'jwt-scheme'))
  const statusOf = async (authorization: string): Promise<number> =>
    (await app.inject({ url: '/hello', headers: { authorization } })).statusCode
  for (const scheme of ['JWT', 'Bearer', 'jwt']) t.equal(await statusOf(`${scheme} ${access}`), 200)
  for (const bad of ['', 'JWT', 'JWT x', access, `Basic ${access}`, `JWT ${access} x`]) {
    t.equal(await statusOf(bad), 401, bad)
  }
})

t.test('guards.md: a token in the query opens a route, and the log does not have it', async t => {
  const { logger } = await load<{ logger: object }>(t, 'redacted-log')
  const stream = new PassThrough()
  const { app, access } = await appWith(t, await load(t, 'query-token'), { ...logger, stream })
  const statusOf = async (url: string): Promise<number> => (await app.inject(url)).statusCode
  t.equal(await statusOf(`/hello?access_token=${access}`), 200)
  t.equal(await statusOf(`/hello?a=1&access_token=${access}&b=2`), 200)
  t.equal(await statusOf(`/hello?access_token=${access}&access_token=${access}`), 401)
  t.equal(await statusOf('/hello?access_token='), 401)
  const byHeader = await app.inject({ url: '/hello', headers: { authorization: `Bearer ${access}` } })
  t.equal(byHeader.statusCode, 200)
  stream.end()
  const log = await text(stream)
  t.match(log, '/hello?a=1&access_token=...&b=2')
  t.notOk(log.includes(access))

  const open = new PassThrough()
  const unredacted = await appWith(t, await load(t, 'query-token'), { stream: open })
  await unredacted.app.inject(`/hello?access_token=${unredacted.access}`)
  open.end()
  t.ok((await text(open)).includes(unredacted.access), 'without the serializer it does')
})

type Sockets = (app: FastifyInstance, options: SimpleJwtOptions) => Promise<void>

t.test('guards.md: a WebSocket opens with a token, and closes with its session', async t => {
  const { sockets } = await load<{ sockets: Sockets }>(t, 'socket-server')
  const app = fastify()
  t.after(() => app.close())
  // The session ends in another process, which shares the store.
  const store = { ...memoryStore(), shared: true }
  await sockets(app, { ...options, store, revocationInterval: 0.05 })
  const other = fastify()
  t.after(() => other.close())
  await other.register(simplejwt, { ...options, store: { ...store } })
  await app.listen({ host: '127.0.0.1', port: 0 })
  const url = `ws://127.0.0.1:${(app.server.address() as AddressInfo).port}/socket`
  const { access, refresh } = await other.tokens.issue({ id: 1 })

  for (const protocols of [[], ['app.v1'], ['app.v1', 'x'], ['app.v1', refresh], [access]]) {
    const [error] = await once(new WebSocket(url, protocols), 'error').catch(error => [error])
    t.match((error as Error).message, /401/, protocols.join())
  }
  const socket = new WebSocket(url, ['app.v1', access])
  const [hello] = await once(socket, 'message')
  t.equal(String(hello), 'Hello, user 1!')
  t.equal(socket.protocol, 'app.v1', 'the token does not come back')
  const [second] = await once(new WebSocket(url, { headers: { authorization: `Bearer ${access}` } }),
    'message')
  t.equal(String(second), 'Hello, user 1!')
  const closed = once(socket, 'close')
  await other.tokens.revokeUser(1)
  const [code] = await closed
  t.equal(code, 4401)
})
