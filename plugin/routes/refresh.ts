import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Core } from '../registration.ts'
import { claimsAtRefresh } from '../service/custom-claims.ts'
import { accepted } from '../errors.ts'
import { originOf, subject } from '../sessions/client-info.ts'
import { mintPair } from '../service/token-pair.ts'
import type { RefreshedTokens } from '../tokens/jwt.ts'
import { adoptIfForeign } from '../service/adopt.ts'
import { route } from '../http/trailing-slash.ts'
import { refreshSchema } from './schemas.ts'

const EVENTS = { rotated: 'refreshed', replayed: 'replayed', reused: 'reuse_detected' } as const

/** Exchanges a refresh token for an access token and, with rotation, its successor. */
export async function refresh (core: Core, token: string, request?: FastifyRequest): Promise<RefreshedTokens> {
  const presented = accepted(core.tokens.verifyRefresh(token), core.unauthorized.refused)
  const claims = await claimsAtRefresh(core, presented, request)
  await adoptIfForeign(core, presented, originOf(request))

  if (!core.options.rotateRefreshTokens) {
    const session = await core.sessions.current(presented)
    if (session === null) throw core.unauthorized.refused('Token is blacklisted')
    core.emit({ type: 'refreshed', ...subject(session, request) }, request?.log)
    return { access: core.tokens.mintAccess(session, claims) }
  }

  const { outcome, session } = await core.sessions.rotate(presented)
  if (outcome !== 'ended' && session !== null) core.emit({ type: EVENTS[outcome], ...subject(session, request) }, request?.log)
  if (session === null || outcome === 'ended' || outcome === 'reused') throw core.unauthorized.refused('Token is blacklisted')
  const { access, refresh } = mintPair(core, session, claims)
  return { access, refresh }
}

export function refreshRoute (scope: FastifyInstance, core: Core): void {
  const { options: { cookie }, throttle, carrier } = core

  route(scope, {
    method: 'POST',
    url: '/refresh',
    schema: refreshSchema(cookie !== false),
    onRequest: [...carrier.onRequest, throttle.refreshPerAddress],
    preValidation: [...carrier.preValidation],
    handler: async (request, reply) => carrier.give(reply, await refresh(core, carrier.take(request), request))
  })
}
