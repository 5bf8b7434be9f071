import type { FastifyInstance } from 'fastify'
import { countRefusals } from '../http/refusals.ts'
import type { Place } from '../http/token-paths.ts'
import { route } from '../http/trailing-slash.ts'
import type { Registration } from '../registration.ts'
import { revoke } from '../service/revoke.ts'
import { blacklistSchema } from './schemas.ts'

export function blacklistRoute (
  scope: FastifyInstance, registration: Registration, { url, option }: Place
): void {
  const { rateLimiter, transport, inShare } = registration

  route(scope, {
    method: 'POST',
    url,
    schema: blacklistSchema(transport.inCookie),
    // Plugins of the host add hooks to a route's lists, so each route gets copies.
    onRequest: [countRefusals(rateLimiter.refreshPerAddress), ...transport.onRequest],
    preValidation: [...transport.preValidation],
    onSend: [...transport.onLogoutSend],
    handler: async request => {
      const token = transport.read(request)
      await inShare(request, () => revoke(registration, token, request))
      return {}
    }
  }, option)
}
