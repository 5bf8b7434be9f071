import type { FastifyInstance } from 'fastify'
import { fromAnyOrigin } from '../../http/any-origin.ts'
import { hasRoute } from '../../http/router-paths.ts'
import { route } from '../../http/trailing-slash.ts'

const MAX_AGE_SECONDS = 7200

/**
 * Answers the CORS preflight of a route that pages of any origin may call. A CORS plugin of the
 * host answers before.
 */
export function answerPreflight (
  scope: FastifyInstance, url: string, methods: 'GET, HEAD' | 'GET, POST' | 'POST', headers: string
): void {
  if (hasRoute(scope, 'OPTIONS', url)) return
  route(scope, {
    method: 'OPTIONS',
    url,
    schema: { hide: true } as object,
    onRequest: fromAnyOrigin,
    handler: async (_request, reply) => reply.code(204).headers({
      allow: `${methods}, OPTIONS`,
      'access-control-allow-methods': methods,
      'access-control-allow-headers': headers,
      'access-control-max-age': String(MAX_AGE_SECONDS)
    }).send()
  })
}
