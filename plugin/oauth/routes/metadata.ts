import type { FastifyInstance } from 'fastify'
import { fromAnyOrigin } from '../../http/any-origin.ts'
import { sendCacheable } from '../../http/cacheable-reply.ts'
import { hasRoute } from '../../http/router-paths.ts'
import { route } from '../../http/trailing-slash.ts'
import type { AuthorizationServer } from '../authorization-server.ts'
import { metadataOf } from '../metadata.ts'
import { answerPreflight } from './preflight.ts'
import { metadataSchema } from './schemas.ts'

const WELL_KNOWN = '/.well-known/oauth-authorization-server'

/**
 * Serves the metadata (RFC 8414 section 3). The URL of an issuer with a path ends in that path. The
 * plain URL is there too, unless another authorization server of the app has it: a proxy may strip
 * the path.
 */
export function metadataRoutes (scope: FastifyInstance, server: AuthorizationServer): void {
  const body = JSON.stringify(metadataOf(server))
  const { pathname } = new URL(server.endpoints.issuer)
  const urls = pathname === '/' ? [WELL_KNOWN] : [WELL_KNOWN + pathname, WELL_KNOWN]
  for (const url of urls.filter((url, index) => index === 0 || !hasRoute(scope, 'GET', url))) {
    route(scope, {
      method: 'GET',
      url,
      schema: metadataSchema,
      onRequest: fromAnyOrigin,
      handler: async (request, reply) =>
        sendCacheable(request, reply, body, 'application/json; charset=utf-8')
    })
    answerPreflight(scope, url, 'GET', '*')
  }
}
