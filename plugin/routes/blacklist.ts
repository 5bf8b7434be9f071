import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Core } from '../registration.ts'
import { accepted } from '../errors.ts'
import { originOf, subject } from '../sessions/client-info.ts'
import { sidOf } from '../sessions/lifecycle.ts'
import { adoptIfForeign } from '../service/adopt.ts'
import { route } from '../http/trailing-slash.ts'
import { blacklistSchema } from './schemas.ts'

/** Ends the session of a refresh token. A token that was spent long ago ends it too, but is refused: it was reused. */
export async function revoke (core: Core, token: string, request?: FastifyRequest): Promise<void> {
  await core.tokens.missingKey(token)
  const claims = accepted(core.tokens.verifyRefresh(token), core.unauthorized.refused)
  await adoptIfForeign(core, claims, originOf(request))

  const session = await core.sessions.find(sidOf(claims))
  if (session === null || !core.sessions.isLive(session)) throw core.unauthorized.refused('Token is blacklisted')

  const good = session.jti === claims.jti || core.sessions.isReplay(session, claims.jti)
  const ended = await core.sessions.revoke(sidOf(claims))
  if (ended) core.emit({ type: good ? 'revoked' : 'reuse_detected', ...subject(session, request) }, request?.log)
  if (!good) throw core.unauthorized.refused('Token is blacklisted')
}

export function blacklistRoute (scope: FastifyInstance, core: Core): void {
  const { options: { cookie }, carrier } = core

  route(scope, {
    method: 'POST',
    url: '/blacklist',
    schema: blacklistSchema(cookie !== false),
    // In lists of their own: plugins of the host add hooks to those of a route.
    onRequest: [...carrier.onRequest],
    preValidation: [...carrier.preValidation],
    handler: async (request, reply) => {
      await revoke(core, carrier.take(request), request)
      carrier.discard(reply)
      return {}
    }
  })
}
