import type { FastifyInstance } from 'fastify'
import { fromAnyOrigin } from '../../http/any-origin.ts'
import { sendCacheable } from '../../http/cacheable-reply.ts'
import { hasRoute, normalPath, routerPaths } from '../../http/router-paths.ts'
import { route } from '../../http/trailing-slash.ts'
import type { AuthorizationServer } from '../authorization-server.ts'
import { metadataOf } from '../metadata.ts'
import { answerPreflight } from './preflight.ts'
import { metadataSchema } from './schemas.ts'

const OAUTH = '/.well-known/oauth-authorization-server'
const OPENID = '/.well-known/openid-configuration'

/** The document of a URL. False: another issuer of the app may take the URL. */
interface Published { body(): string, isOwnUrl: boolean }

/** The documents of each app by the path of their route. */
const documentsByApp = new WeakMap<object, Map<string, Published>>()

/**
 * Serves the metadata. The path of an issuer comes after the well-known path in OAuth (RFC 8414
 * section 3), and before it in OpenID Connect (Discovery section 4). The plain URLs are there too,
 * unless another issuer of the app has them: a proxy may strip the path.
 * @throws Error if the app has such a route
 */
export function metadataRoutes (scope: FastifyInstance, server: AuthorizationServer): void {
  // New keys may have other algorithms.
  const body = (): string => JSON.stringify(metadataOf(server))
  const { pathname } = new URL(server.endpoints.issuer)
  const hasPath = pathname !== '/'
  for (const url of hasPath ? [OAUTH + pathname, pathname + OPENID] : [OAUTH, OPENID]) {
    publish(scope, url, { body, isOwnUrl: true })
  }
  if (!hasPath) return
  for (const url of [OAUTH, OPENID]) publish(scope, url, { body, isOwnUrl: false })
}

function publish (scope: FastifyInstance, url: string, given: Published): void {
  const documents = documentsByApp.get(scope.initialConfig) ?? new Map<string, Published>()
  documentsByApp.set(scope.initialConfig, documents)
  const path = normalPath(scope, routerPaths(scope, url)[0] as string)
  const published = documents.get(path)
  if (published?.isOwnUrl === false && given.isOwnUrl) {
    Object.assign(published, given)
  } else if (!hasRoute(scope, 'GET', url)) {
    documents.set(path, given)
    serveMetadata(scope, url, metadataSchema, () => given.body())
  } else if (given.isOwnUrl) {
    throw new Error(`fastify-simplejwt/oauth: the app has a route GET ${path} already. Remove ` +
      'it, or give each registration of fastify-simplejwt another "issuer".')
  }
}

/** Serves a public document by GET and HEAD, to pages of any origin too. */
export function serveMetadata (
  scope: FastifyInstance, url: string, schema: object, body: () => string
): void {
  route(scope, {
    method: 'GET',
    url,
    // RFC 9110 section 9.1: all servers must support GET and HEAD.
    exposeHeadRoute: true,
    schema,
    onRequest: fromAnyOrigin,
    handler: async (request, reply) =>
      sendCacheable(request, reply, body(), 'application/json; charset=utf-8')
  })
  answerPreflight(scope, url, 'GET, HEAD', '*')
}
