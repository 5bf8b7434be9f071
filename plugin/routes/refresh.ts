import type { FastifyInstance } from 'fastify'
import { countRefusals } from '../http/refusals.ts'
import type { Place } from '../http/token-paths.ts'
import { route } from '../http/trailing-slash.ts'
import type { Registration } from '../registration.ts'
import type { IssueParts } from '../service/issue.ts'
import { refresh } from '../service/refresh.ts'
import { refreshSchema } from './schemas.ts'

export function refreshRoute (
  scope: FastifyInstance,
  parts: IssueParts & Pick<Registration, 'rateLimiter' | 'inShare'>,
  { url, option }: Place
): void {
  const { options: { rotateRefreshTokens }, rateLimiter, transport, inShare } = parts

  route(scope, {
    method: 'POST',
    url,
    schema: refreshSchema(transport.inCookie, rotateRefreshTokens),
    onRequest: [countRefusals(rateLimiter.refreshPerAddress), ...transport.onRequest],
    preValidation: [...transport.preValidation],
    handler: async (request, reply) => {
      const token = transport.read(request)
      const { tokens, settings } = await inShare(request, () => refresh(parts, token, request))
      return transport.send(reply, tokens, settings)
    }
  }, option)
}
