import fastify, { type FastifyInstance } from 'fastify'
import t from 'tap'
import { createKeyRing } from '../../plugin/keys/key-ring.ts'
import { JWKS_PATH, publish } from '../../plugin/routes/jwks.ts'
import { inputOf, resolved } from '../fixtures/tokens/keys.ts'

function createApp (t: { after(close: () => unknown): void }): FastifyInstance {
  const app = fastify()
  t.after(() => app.close())
  return app
}

const ringOf = (app: FastifyInstance, kid: string) =>
  createKeyRing(app, resolved(inputOf('EdDSA', kid)))

t.test('the first registration of an app makes a route, further ones join it', async t => {
  const app = createApp(t)
  const [one, two, three] = [
    await ringOf(app, 'one'), await ringOf(app, 'two'), await ringOf(app, 'three')
  ]
  const rings = publish(app, one)
  t.same(rings, [one])
  t.equal(publish(app, two), undefined)
  t.equal(publish(app, three), undefined)
  t.ok(
    [one, two, three].every((ring, index) => rings?.[index] === ring),
    'in the order of their registration'
  )
})

t.test('publish: a scope shares the path of its app, unless it has a prefix', async t => {
  const app = createApp(t)
  const ring = await ringOf(app, 'k')
  const rings = publish(app, ring)
  await app.register(async scope => { t.equal(publish(scope, ring), undefined) })
  await app.register(async scope => { t.same(publish(scope, ring), [ring]) }, { prefix: '/v1' })
  await app.register(async scope => { t.same(publish(scope, ring), [ring]) }, { prefix: '/v2' })
  await app.register(async scope => { t.equal(publish(scope, ring), undefined) }, { prefix: '/v2' })
  t.equal(rings?.length, 2)
})

t.test('two apps know nothing of each other', async t => {
  const [app, other] = [createApp(t), createApp(t)]
  const [one, two] = [await ringOf(app, 'one'), await ringOf(other, 'two')]
  t.same(publish(app, one), [one])
  t.same(publish(other, two), [two])
})

t.test('a host that has a route there keeps it', async t => {
  const app = createApp(t)
  app.get(JWKS_PATH, async () => ({ keys: [] }))
  const ring = await ringOf(app, 'k')
  t.equal(publish(app, ring), undefined)
  t.equal(publish(app, ring), undefined)
  await app.register(
    async scope => {
      t.same(publish(scope, ring), [ring], 'its own path only')
    },
    { prefix: '/v1' }
  )
})
