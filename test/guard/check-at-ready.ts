import fastify, { type FastifyInstance } from 'fastify'
import t from 'tap'

// Fixtures import the package, and this file creates its apps first.
const older = fastify()
const olderWithPlugin = fastify()
t.after(() => Promise.all([older.close(), olderWithPlugin.close()]))
const SECRET = 'a secret of thirty-two bytes, ok'

const { authenticate, default: simplejwt } = await import('../../plugin/index.ts')

t.test('an app from before the import of the package is checked too', async t => {
  older.get('/orders', { onRequest: authenticate }, async () => 'orders')
  await t.rejects(async () => older.ready(), {
    message: 'fastify-simplejwt: authenticate needs the plugin. Register it in this scope, or in ' +
      'a parent.'
  })
})

t.test('guardByDefault: guards the routes of an app from before the import', async t => {
  const app: FastifyInstance = olderWithPlugin
  app.register(simplejwt, { secret: SECRET, verifyCredentials: () => null, guardByDefault: true })
  app.get('/orders', async () => 'orders')
  app.get('/health', { config: { public: true } }, async () => 'healthy')
  t.equal((await app.inject('/orders')).statusCode, 401)
  t.equal((await app.inject('/health')).statusCode, 200)
  t.equal((await app.inject('/none')).statusCode, 404)
})

t.test('a guard can be bound by others than Fastify', async t => {
  const bound = authenticate.bind(undefined)
  const request = { server: olderWithPlugin, headers: {}, raw: { rawHeaders: [] } }
  await t.rejects(bound(request as never), { code: 'not_authenticated' })
})
