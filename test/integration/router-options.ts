import type { FastifyServerOptions, HTTPMethods } from 'fastify'
import t from 'tap'
import { buildHost } from '../fixtures/host.ts'

const PREFIX = '/api/token'

/** The token routes and what they answer without a body or a token. */
const routes: [method: HTTPMethods, path: string, status: number, allow: string][] = [
  ['POST', '/api/token', 400, 'POST, OPTIONS'],
  ['POST', '/api/token/refresh', 400, 'POST, OPTIONS'],
  ['POST', '/api/token/verify', 400, 'POST, OPTIONS'],
  ['POST', '/api/token/blacklist', 400, 'POST, OPTIONS'],
  ['GET', '/api/token/sessions', 401, 'GET, HEAD, DELETE, OPTIONS'],
  ['DELETE', '/api/token/sessions', 401, 'GET, HEAD, DELETE, OPTIONS'],
  ['DELETE', '/api/token/sessions/0123456789abcdef0123456789abcdef', 401, 'DELETE, OPTIONS']
]

const asItIs = (path: string): string => path
const inCapitals = (path: string): string => path.toUpperCase()
const doubled = (path: string): string => path.replaceAll('/', '//')

/**
 * Fastify 5 takes the options of its router at the top level too, as it did before it had
 * `routerOptions`.
 */
const servers: {
  name: string
  server: object
  spellings: ((path: string) => string)[]
  /** The spellings of a path below the prefix, if not the same. */
  below?: ((path: string) => string)[]
  head?: boolean
}[] = [
  { name: 'no router options', server: {}, spellings: [asItIs] },
  {
    name: 'ignoreTrailingSlash',
    server: { routerOptions: { ignoreTrailingSlash: true } },
    spellings: [asItIs]
  },
  {
    name: 'ignoreTrailingSlash at the top level',
    server: { ignoreTrailingSlash: true },
    spellings: [asItIs]
  },
  {
    name: 'ignoreDuplicateSlashes',
    server: { routerOptions: { ignoreDuplicateSlashes: true } },
    spellings: [asItIs, doubled]
  },
  {
    name: 'ignoreTrailingSlash and ignoreDuplicateSlashes',
    server: { routerOptions: { ignoreTrailingSlash: true, ignoreDuplicateSlashes: true } },
    spellings: [asItIs, doubled]
  },
  {
    name: 'caseSensitive: false',
    server: { routerOptions: { caseSensitive: false } },
    spellings: [asItIs, inCapitals]
  },
  {
    name: 'caseSensitive: false at the top level',
    server: { caseSensitive: false },
    spellings: [asItIs, inCapitals]
  },
  {
    name: 'useSemicolonDelimiter at the top level',
    server: { useSemicolonDelimiter: true },
    spellings: [asItIs, path => `${path};a=1`]
  },
  {
    name: 'exposeHeadRoutes: false',
    server: { exposeHeadRoutes: false },
    spellings: [asItIs],
    head: false
  },
  {
    name: 'rewriteUrl',
    server: {
      rewriteUrl: (request: { url?: string }) => (request.url ?? '').replace(/^\/base/, '')
    },
    spellings: [asItIs, path => `/base${path}`],
    below: [asItIs]
  }
]

for (const { name, server, spellings, below = spellings, head = true } of servers) {
  t.test(`a host with ${name} has every token route at each spelling of its path`, async t => {
    const { app } = await buildHost(t, { server: server as FastifyServerOptions })
    const statusOf = async (method: HTTPMethods, url: string) =>
      (await app.inject({ method, url })).statusCode
    for (const [method, path, status] of routes) {
      for (const spell of spellings) {
        t.equal(await statusOf(method, spell(path)), status, `${method} ${spell(path)}`)
        t.equal(await statusOf(method, spell(`${path}/`)), status, `${method} ${spell(`${path}/`)}`)
      }
    }
  })

  t.test(`a host with ${name} gets Allow from each path, with and without its slash`, async t => {
    const { app } = await buildHost(t, { server: server as FastifyServerOptions })
    // The router of Fastify's 404s reads no options, so the prefix has one spelling here.
    const spelled = routes.flatMap(([, path, , allow]) =>
      below.map(spell => PREFIX + (path === PREFIX ? '' : spell(path.slice(PREFIX.length))))
        .flatMap(url => [[url, allow], [`${url}/`, allow]] as const))
    for (const [url, allow] of spelled) {
      const methods = head ? allow : allow.replace('HEAD, ', '')
      const options = await app.inject({ method: 'OPTIONS', url })
      t.same([options.statusCode, options.headers.allow], [204, methods], `OPTIONS ${url}`)
      const other = await app.inject({ method: 'PUT', url })
      t.same([other.statusCode, other.headers.allow], [405, methods], `PUT ${url}`)
    }
  })
}

t.test('with exposeHeadRoutes: false a HEAD request is not allowed, and has no body', async t => {
  for (const [exposeHeadRoutes, status] of [[true, 401], [false, 405]] as const) {
    const { app } = await buildHost(t, { server: { exposeHeadRoutes } })
    const address = await app.listen({ port: 0, host: '127.0.0.1' })
    for (const url of ['/api/token/sessions', '/api/token/sessions/']) {
      const reply = await fetch(`${address}${url}`, { method: 'HEAD' })
      t.equal(reply.status, status, url)
      t.equal(await reply.text(), '')
    }
  }
})
