import type { FastifyInstance } from 'fastify'
import { route } from '../http/trailing-slash.ts'
import type { Registration } from '../registration.ts'
import type { IssueParts } from '../service/issue.ts'
import { refresh } from '../service/refresh.ts'
import { refreshSchema } from './schemas.ts'

export function refreshRoute (
  scope: FastifyInstance, parts: IssueParts & Pick<Registration, 'transport' | 'rateLimiter'>
): void {
  const { options: { cookie }, rateLimiter, transport } = parts

  route(scope, {
    method: 'POST',
    url: '/refresh',
    schema: refreshSchema(cookie !== false),
    onRequest: [...transport.onRequest, rateLimiter.refreshPerAddress],
    preValidation: [...transport.preValidation],
    handler: async (request, reply) =>
      transport.send(reply, await refresh(parts, transport.read(request), request))
  })
}
