import type { FastifyInstance, FastifyRequest } from 'fastify'
import { notFound } from '../errors.ts'
import { type GuardParts, authenticateRequest, refuseClient } from '../guard/authenticate.ts'
import { knownGuard } from '../guard/known-guards.ts'
import { countRefusals } from '../http/refusals.ts'
import type { Place } from '../http/token-paths.ts'
import { route } from '../http/trailing-slash.ts'
import type { Registration } from '../registration.ts'
import { type RevokeParts, revokeSession, revokeUser } from '../service/revoke.ts'
import type { Session } from '../stores/session.ts'
import { endSessionSchema, endSessionsSchema, listSessionsSchema } from './session-schemas.ts'

const iso = (time: number): string => new Date(time).toISOString()

const HOUR_MS = 3_600_000

// The exact time of the last refresh would tell the holder of a stolen token when to present it.
// The expiry moves with each refresh, so it is rounded too.
const lastUsedAt = ({ createdAt, rotatedAt }: Session): number =>
  rotatedAt === null ? createdAt : Math.max(createdAt, rotatedAt - rotatedAt % HOUR_MS)

const expiresAt = ({ rotatedAt, expiresAt, endsAt }: Session): number =>
  rotatedAt === null ? expiresAt : Math.min(Math.ceil(expiresAt / HOUR_MS) * HOUR_MS, endsAt)

const presented = (session: Session, currentSid: string | undefined) => ({
  sid: session.sid,
  created_at: iso(session.createdAt),
  last_used_at: iso(lastUsedAt(session)),
  expires_at: iso(expiresAt(session)),
  user_agent: session.userAgent,
  address: session.address,
  client_id: session.clientId,
  scope: session.scope,
  current: session.sid === currentSid
})

type SessionParts = GuardParts & RevokeParts &
  Pick<Registration, 'rateLimiter' | 'inShare' | 'transport'>

type AccessClaims = Awaited<ReturnType<typeof authenticateRequest>>

/**
 * Builds a hook that authenticates a request and keeps its claims. Counts it by its session before
 * it may query the store.
 */
function createGate (parts: SessionParts) {
  // The host's hooks may change request.user. So the claims of a request are kept here.
  const claimsOf = new WeakMap<FastifyRequest, AccessClaims>()
  const withoutStore: GuardParts = { ...parts, isRevoked: () => false }

  async function gate (request: FastifyRequest): Promise<void> {
    const claims = await authenticateRequest(request, withoutStore)
    await parts.rateLimiter.refreshPerSession('sessions', claims, request)
    if (await parts.isRevoked(claims)) {
      throw parts.unauthorized.refusedByGuard('Token is blacklisted')
    }
    refuseClient(claims, parts)
    claimsOf.set(request, claims)
    request.user = claims
  }
  return {
    gate: knownGuard(gate),
    claimsOf: (request: FastifyRequest) => claimsOf.get(request) as AccessClaims
  }
}

export function sessionsRoutes (
  scope: FastifyInstance, parts: SessionParts, { url, option }: Place
): void {
  const { rateLimiter, inShare } = parts
  const countRefused = countRefusals(rateLimiter.refreshPerAddress)
  const { gate, claimsOf } = createGate(parts)
  const onRequest = () => [countRefused, gate]

  route(scope, {
    method: 'GET',
    url,
    schema: listSessionsSchema,
    onRequest: onRequest(),
    handler: async request => {
      const { user_id: userId, sid } = claimsOf(request)
      const sessions = await inShare(request, () => parts.sessions.list(userId))
      return sessions.map(session => presented(session, sid))
    }
  }, option)

  route(scope, {
    method: 'DELETE',
    url,
    schema: endSessionsSchema,
    onRequest: onRequest(),
    handler: async (request, reply) => {
      const { user_id: userId } = claimsOf(request)
      await inShare(request, () => revokeUser(parts, userId, undefined, request))
      parts.transport.clear(reply)
      return reply.code(204).send()
    }
  }, option)

  route<{ Params: { sid: string } }>(scope, {
    method: 'DELETE',
    url: url === '/' ? '/:sid' : `${url}/:sid`,
    schema: endSessionSchema,
    onRequest: onRequest(),
    handler: async (request, reply) => {
      const { user_id: userId, sid } = claimsOf(request)
      await inShare(request, async () => {
        const session = await parts.sessions.find(request.params.sid)
        if (session === null || session.userId !== userId || session.revokedAt !== null) {
          throw notFound()
        }
        await revokeSession(parts, session, request)
      })
      if (request.params.sid === sid) parts.transport.clear(reply)
      return reply.code(204).send()
    }
  }, option)
}
