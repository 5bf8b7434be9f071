import type { FastifyInstance } from 'fastify'
import { notFound } from '../errors.ts'
import { type Authenticate, type GuardParts, authenticateRequest } from '../guard/authenticate.ts'
import { route } from '../http/trailing-slash.ts'
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
  current: session.sid === currentSid
})

// The host's hooks may change request.user. So each handler reads the claims itself.
export function sessionsRoutes (
  scope: FastifyInstance, parts: GuardParts & RevokeParts, authenticate: Authenticate
): void {
  route(scope, {
    method: 'GET',
    url: '/sessions',
    schema: listSessionsSchema,
    onRequest: authenticate,
    handler: async request => {
      const { user_id: userId, sid } = await authenticateRequest(request, parts)
      const sessions = await parts.sessions.list(userId)
      return sessions.map(session => presented(session, sid))
    }
  })

  route(scope, {
    method: 'DELETE',
    url: '/sessions',
    schema: endSessionsSchema,
    onRequest: authenticate,
    handler: async (request, reply) => {
      const { user_id: userId } = await authenticateRequest(request, parts)
      await revokeUser(parts, userId, undefined, request)
      return reply.code(204).send()
    }
  })

  route<{ Params: { sid: string } }>(scope, {
    method: 'DELETE',
    url: '/sessions/:sid',
    schema: endSessionSchema,
    onRequest: authenticate,
    handler: async (request, reply) => {
      const { user_id: userId } = await authenticateRequest(request, parts)
      const session = await parts.sessions.find(request.params.sid)
      if (session === null || session.userId !== userId || session.revokedAt !== null) {
        throw notFound()
      }
      await revokeSession(parts, session, request)
      return reply.code(204).send()
    }
  })
}
