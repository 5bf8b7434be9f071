import fastify, { type FastifyInstance, type FastifyServerOptions } from 'fastify'
import t from 'tap'
import { hasRoute, normalPath, requestPath, routerPaths } from '../../plugin/http/router-paths.ts'

type Test = { after(close: () => unknown): void }

/** Calls back with a scope of an app. */
async function inScope (
  t: Test, server: object, prefix: string, run: (scope: FastifyInstance) => void
): Promise<void> {
  const app = fastify(server as FastifyServerOptions)
  t.after(() => app.close())
  await app.register(async scope => { run(scope) }, { prefix })
}

const SLASH = { routerOptions: { ignoreTrailingSlash: true } }
const SLASHES = { routerOptions: { ignoreDuplicateSlashes: true } }

t.test('routerPaths: spells the paths of a route as Fastify stores them', async t => {
  const cases: [server: object, prefix: string, url: string, paths: string[]][] = [
    [{}, '', '/a', ['/a', '/a/']],
    [{}, '', '/', ['/']],
    [{}, '/v1', '/a', ['/v1/a', '/v1/a/']],
    [{}, '/v1/', '/a', ['/v1/a', '/v1/a/']],
    [{}, '/v1', '/', ['/v1', '/v1/']],
    [{}, '/v1//', '/a', ['/v1//a', '/v1//a/']],
    [SLASH, '/v1/', '/a', ['/v1/a']],
    [{ ignoreTrailingSlash: true }, '/v1/', '/a', ['/v1/a']],
    [SLASHES, '/v1//', '/a', ['/v1/a', '/v1/a/']],
    [{ ignoreDuplicateSlashes: true }, '//v1', '/a', ['/v1/a', '/v1/a/']]
  ]
  for (const [server, prefix, url, paths] of cases) {
    await inScope(t, server, prefix, scope => {
      t.same(routerPaths(scope, url), paths, `${JSON.stringify(server)} ${prefix} ${url}`)
      t.notOk(hasRoute(scope, 'POST', url))
      scope.post(url, async () => '')
      t.ok(scope.hasRoute({ method: 'POST', url: paths[0] as string }))
      t.ok(hasRoute(scope, 'POST', url))
      t.notOk(hasRoute(scope, 'GET', url))
    })
  }
})

t.test('hasRoute: finds a route of the host by any spelling of its prefix', async t => {
  const app = fastify({ routerOptions: { caseSensitive: false, ignoreDuplicateSlashes: true } })
  t.after(() => app.close())
  app.put('//V1//Key', async () => '')
  app.put('/v2/key/', async () => '')
  for (const prefix of ['/v1', '/V1/', '//v1//', '/v2']) {
    await app.register(async scope => { t.ok(hasRoute(scope, 'PUT', '/key'), prefix) }, { prefix })
  }
  t.notOk(hasRoute(app, 'PUT', '/key'))
})

t.test('normalPath, requestPath: give one text for the spellings of a path', async t => {
  const cases: [server: object, url: string, path: string][] = [
    [{}, '/a/b/?c=/d', '/a/b'],
    [{}, 'http://host/A/%62', '/A/b'],
    [{}, '/a;x=1', '/a;x=1'],
    [{}, '//a', '//a'],
    [{ useSemicolonDelimiter: true }, '/a/;x=1', '/a'],
    [{ routerOptions: { caseSensitive: false } }, '/A/B', '/a/b'],
    [SLASHES, '//a///b//', '/a/b']
  ]
  for (const [server, url, path] of cases) {
    await inScope(t, server, '', scope => { t.equal(requestPath(scope, url), path, url) })
  }
  await inScope(t, {}, '', scope => { t.equal(normalPath(scope, '/100%/'), '/100%') })
})
