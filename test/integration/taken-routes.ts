import fastify, { type FastifyInstance, type FastifyServerOptions, type HTTPMethods } from 'fastify'
import t from 'tap'
import simplejwt from '../../plugin/index.ts'
import { goodOptions } from '../fixtures/host.ts'
import { inputOf } from '../fixtures/tokens/keys.ts'

const JWKS = '/.well-known/jwks.json'
const SERVERS: Record<string, object> = {
  'no router options': {},
  ignoreTrailingSlash: { routerOptions: { ignoreTrailingSlash: true } },
  ignoreDuplicateSlashes: { routerOptions: { ignoreDuplicateSlashes: true } },
  'both of these': {
    routerOptions: { ignoreTrailingSlash: true, ignoreDuplicateSlashes: true }
  },
  'caseSensitive: false': { routerOptions: { caseSensitive: false } },
  'exposeHeadRoutes: false': { exposeHeadRoutes: false }
}
const PREFIXES = ['', '/v1', '/v1/', '/V1', '/v1/v2/', '/v1//']

/** An app with the plugin in a scope. The host declares its routes in the scope before. */
async function build (
  t: { after(close: () => unknown): void },
  server: object,
  prefix: string,
  declare: (scope: FastifyInstance) => unknown = () => {}
): Promise<FastifyInstance> {
  const app = fastify(server as FastifyServerOptions)
  t.after(() => app.close())
  app.register(async scope => { await declare(scope) }, { prefix })
  app.register(async scope => {
    await scope.register(simplejwt, goodOptions({ keys: [inputOf('ES256', 'ours')] }))
  }, { prefix })
  await app.ready()
  return app
}

const theirs = async () => 'theirs'
const pathIn = (prefix: string, path: string): string => prefix.replace(/\/$/, '') + path

for (const [name, server] of Object.entries(SERVERS)) {
  t.test(`jwks: a host with ${name} may have any prefix`, async t => {
    for (const prefix of PREFIXES) {
      const app = await build(t, server, prefix)
      for (const method of ['GET', 'HEAD', 'OPTIONS', 'POST'] as const) {
        const { statusCode, headers } = await app.inject({ method, url: pathIn(prefix, JWKS) })
        const expected = { GET: 200, HEAD: 200, OPTIONS: 204, POST: 405 }[method]
        t.equal(statusCode, expected, `${method} below ${prefix}`)
        if (expected > 200) t.equal(headers.allow, 'GET, HEAD, OPTIONS')
      }
      const login = await app.inject({
        method: 'POST',
        url: pathIn(prefix, '/api/token/'),
        payload: { username: 'vitor', password: '123' }
      })
      t.equal(login.statusCode, 200, prefix)
    }
  })

  t.test(`jwks: a host with ${name} keeps its GET route, whatever its prefix`, async t => {
    for (const prefix of PREFIXES) {
      for (const path of [JWKS, `${JWKS}/`]) {
        const app = await build(t, server, prefix, scope => scope.get(path, theirs))
        const reply = await app.inject(pathIn(prefix, path))
        t.equal(reply.body, 'theirs', `${path} below ${prefix}`)
      }
    }
  })

  t.test(`jwks: a host with ${name} keeps its routes of other methods`, async t => {
    for (const prefix of PREFIXES) {
      for (const method of ['POST', 'PUT', 'OPTIONS'] as const) {
        const app = await build(t, server, prefix,
          scope => scope.route({ method, url: JWKS, handler: theirs }))
        const url = pathIn(prefix, JWKS)
        t.equal((await app.inject({ method, url })).body, 'theirs', `${method} below ${prefix}`)
        t.equal((await app.inject(url)).json().keys[0].kid, 'ours')
        const { statusCode, headers } = await app.inject({ method: 'PATCH', url })
        const allow = method === 'OPTIONS' ? 'GET, HEAD, OPTIONS' : `GET, HEAD, ${method}, OPTIONS`
        t.same([statusCode, headers.allow], [405, allow])
      }
    }
  })

  t.test(`a host with ${name} and a route of ours stops the start, by name`, async t => {
    const routes: [method: HTTPMethods, path: string][] = [
      ['POST', ''], ['POST', '/'], ['POST', '/refresh'], ['POST', '/refresh/'],
      ['POST', '/verify'], ['POST', '/blacklist/'], ['GET', '/sessions'], ['DELETE', '/sessions/'],
      ['DELETE', '/sessions/:id']
    ]
    for (const prefix of ['', '/v1/']) {
      for (const [method, path] of routes) {
        await t.rejects(
          build(t, server, prefix,
            scope => scope.route({ method, url: `/api/token${path}`, handler: theirs })),
          { message: RegExp(`"prefix" is taken: the app has a route ${method} .*/api/token`) },
          `${method} ${path} below ${prefix}`
        )
      }
    }
  })
}

t.test('jwks: a wildcard or parameter of the host leaves the route', async t => {
  for (const url of ['*', '/.well-known/*', '/.well-known/:name', '/:folder/jwks.json']) {
    const app = await build(t, {}, '', scope => {
      scope.route({ method: ['GET', 'POST', 'OPTIONS'], url, handler: theirs })
    })
    t.equal((await app.inject(JWKS)).json().keys[0].kid, 'ours', url)
    t.equal((await app.inject({ method: 'POST', url: JWKS })).statusCode, 405)
  }
})

t.test('jwks: scopes with one path in different spellings share the route', async t => {
  const app = fastify({ routerOptions: { caseSensitive: false, ignoreDuplicateSlashes: true } })
  t.after(() => app.close())
  for (const [namespace, prefix] of [
    ['one', '/v1'], ['two', '/V1/'], ['three', '//v1']
  ] as const) {
    await app.register(async scope => {
      await scope.register(simplejwt, goodOptions({
        namespace, prefix: `/${namespace}`, keys: [inputOf('ES256', namespace)]
      }))
    }, { prefix })
  }
  const { keys } = (await app.inject(`/v1${JWKS}`)).json()
  t.same(keys.map(({ kid }: { kid: string }) => kid), ['one', 'three', 'two'])
})
