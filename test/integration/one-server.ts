import { restartable } from '@fastify/restartable'
import fastify, { type FastifyInstance } from 'fastify'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import t from 'tap'
import simplejwt from '../../plugin/index.ts'
import { goodOptions } from '../fixtures/host.ts'
import { inputOf } from '../fixtures/tokens/keys.ts'

const JWKS = '/.well-known/jwks.json'

/** The ids of the keys that an address publishes, or the status of a refusal. */
async function published (app: FastifyInstance): Promise<string[] | number> {
  const reply = await app.inject(JWKS)
  return reply.statusCode === 200
    ? (reply.json().keys as { kid: string }[]).map(({ kid }) => kid)
    : reply.statusCode
}

t.test('@fastify/restartable: publishes the keys after each restart', async t => {
  let kid = 'first'
  const app = await restartable(async create => {
    const app = create({})
    await app.register(simplejwt, goodOptions({ keys: [inputOf('ES256', kid)] }))
    return app
  })
  t.after(() => app.close())
  await app.listen({ host: '127.0.0.1', port: 0 })
  const { port } = app.server.address() as AddressInfo
  for (kid of ['first', 'second', 'third']) {
    if (kid !== 'first') await app.restart()
    const reply = await fetch(`http://127.0.0.1:${port}${JWKS}`)
    t.equal(reply.status, 200, kid)
    t.match(await reply.json(), { keys: [{ kid }] })
  }
})

t.test('two apps on one server publish their own keys', async t => {
  const server = createServer()
  t.after(() => server.close())
  const apps = []
  for (const kid of ['one', 'two']) {
    const app = fastify({ serverFactory: () => server })
    await app.register(simplejwt, goodOptions({ keys: [inputOf('ES256', kid)] }))
    await app.ready()
    apps.push(app)
  }
  t.same(await Promise.all(apps.map(published)), [['one'], ['two']])
})

t.test('two registrations of one app share the route, in whatever scope they are', async t => {
  const app = fastify()
  t.after(() => app.close())
  for (const [kid, namespace] of [['one', 'first'], ['two', 'second']] as const) {
    await app.register(async scope => {
      await scope.register(simplejwt, goodOptions({
        namespace, prefix: `/${namespace}/token`, keys: [inputOf('ES256', kid)]
      }))
    })
  }
  t.same(await published(app), ['one', 'two'])
})
