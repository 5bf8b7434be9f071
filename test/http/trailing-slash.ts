import fastify from 'fastify'
import t from 'tap'
import { route } from '../../plugin/http/trailing-slash.ts'

t.test('route: answers with and without a trailing slash, and runs hooks once', async t => {
  for (const options of [
    {},
    { ignoreTrailingSlash: true },
    { routerOptions: { ignoreTrailingSlash: true } }
  ]) {
    const app = fastify(options)
    t.after(() => app.close())
    let runs = 0
    app.addHook('onRoute', declared => {
      declared.onRequest = [declared.onRequest ?? []].flat().concat(async () => { runs++ })
    })
    app.after(() => {
      route(app, { method: 'POST', url: '/a', handler: async () => 'a' })
      route(app, { method: 'POST', url: '/', handler: async () => 'root' })
    })
    for (const url of ['/a', '/a/']) {
      runs = 0
      t.equal((await app.inject({ method: 'POST', url })).body, 'a', url)
      t.equal(runs, 1)
    }
    t.equal((await app.inject({ method: 'POST', url: '/' })).body, 'root')
  }
})

t.test('route: gives each route a separate schema, in all parts', async t => {
  const shared = { type: 'string' }
  const schema = { tags: ['a'], body: { properties: { one: shared, two: shared } } }
  const original = JSON.stringify(schema)
  const seen: typeof schema[] = []
  for (const app of [fastify(), fastify()]) {
    t.after(() => app.close())
    app.addHook('onRoute', declared => {
      const given = declared.schema as unknown as typeof schema
      seen.push(JSON.parse(JSON.stringify(given)))
      given.tags.push('host')
      given.body.properties.one.type = 'number'
    })
    app.after(() => {
      route(app, { method: 'POST', url: '/a', schema: schema as object, handler: async () => '' })
    })
    await app.ready()
  }
  t.equal(JSON.stringify(schema), original)
  t.equal(seen.length, 4)
  for (const { tags, body } of seen) t.same({ tags, body }, schema)
})

t.test('route: stops the start if the app has the route, by its method and path', async t => {
  const app = fastify()
  t.after(() => app.close())
  app.post('/a/', async () => 'theirs')
  app.after(() => {
    const handler = async () => 'ours'
    t.throws(() => { route(app, { method: 'POST', url: '/a', handler }) }, {
      message: 'fastify-simplejwt: option "prefix" is taken: the app has a route POST /a/. ' +
        'Choose another prefix.'
    })
    route(app, { method: 'GET', url: '/a', handler })
  })
  t.equal((await app.inject('/a')).body, 'ours')
  t.equal((await app.inject({ method: 'POST', url: '/a/' })).body, 'theirs')
})

t.test('route: names the option of its path if the route is taken', async t => {
  const app = fastify()
  t.after(() => app.close())
  app.post('/a', async () => 'theirs')
  app.after(() => {
    t.throws(() => {
      route(app, { method: 'POST', url: '/a', handler: async () => 'ours' }, 'paths.obtain')
    }, {
      message: 'fastify-simplejwt: option "paths.obtain" is taken: the app has a route POST /a/. ' +
        'Choose another path.'
    })
  })
  await app.ready()
})

t.test('route: a second plugin refuses a taken route by its name', async t => {
  const app = fastify()
  t.after(() => app.close())
  app.post('/a', async () => 'theirs')
  app.after(() => {
    const reject = (name: string, rule: string): never => { throw new Error(`${name} ${rule}`) }
    t.throws(() => {
      route(app, { method: 'POST', url: '/a', handler: async () => 'ours' }, 'prefix', reject)
    }, { message: 'prefix is taken: the app has a route POST /a/. Choose another prefix.' })
  })
  await app.ready()
})
