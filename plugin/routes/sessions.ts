import type { FastifyInstance, FastifyRequest } from 'fastify'
import { type Authenticate, admit } from '../guard/authenticate.ts'
import type { Core } from '../registration.ts'
import { notFound } from '../errors.ts'
import { subject } from '../sessions/client-info.ts'
import type { Session } from '../stores/session.ts'
import { route } from '../http/trailing-slash.ts'
import { endSessionSchema, endSessionsSchema, listSessionsSchema } from './schemas.ts'

/** Ends one session, of whichever user. False if it had ended. */
export async function revokeSession (core: Core, session: Pick<Session, 'sid' | 'userId'>, request?: FastifyRequest): Promise<boolean> {
  const ended = await core.sessions.revoke(session.sid)
  if (ended) core.emit({ type: 'revoked', ...subject(session, request) }, request?.log)
  return ended
}

/** Ends all sessions of a user but `except`, and says how many. */
export async function revokeUser (core: Core, userId: string, except?: string, request?: FastifyRequest): Promise<number> {
  const ended = await core.sessions.revokeUser(userId, except)
  for (const sid of ended) core.emit({ type: 'revoked', ...subject({ userId, sid }, request) }, request?.log)
  return ended.length
}

const iso = (time: number): string => new Date(time).toISOString()

const shown = (session: Session, currentSid: string | undefined) => ({
  sid: session.sid,
  created_at: iso(session.createdAt),
  last_used_at: iso(session.rotatedAt ?? session.createdAt),
  expires_at: iso(session.expiresAt),
  user_agent: session.userAgent,
  address: session.address,
  current: session.sid === currentSid
})

// The handlers ask who it is themselves: request.user is the host's too, and a hook of its own may have put another there.
export function sessionsRoutes (scope: FastifyInstance, core: Core, authenticate: Authenticate): void {
  route(scope, {
    method: 'GET',
    url: '/sessions',
    schema: listSessionsSchema,
    onRequest: authenticate,
    handler: async request => {
      const { user_id: userId, sid } = await admit(request, core)
      const sessions = await core.sessions.list(userId)
      return sessions.map(session => shown(session, sid))
    }
  })

  route(scope, {
    method: 'DELETE',
    url: '/sessions',
    schema: endSessionsSchema,
    onRequest: authenticate,
    handler: async (request, reply) => {
      const { user_id: userId } = await admit(request, core)
      await revokeUser(core, userId, undefined, request)
      return reply.code(204).send()
    }
  })

  route<{ Params: { sid: string } }>(scope, {
    method: 'DELETE',
    url: '/sessions/:sid',
    schema: endSessionSchema,
    onRequest: authenticate,
    handler: async (request, reply) => {
      const { user_id: userId } = await admit(request, core)
      const session = await core.sessions.find(request.params.sid)
      if (session === null || session.userId !== userId || session.revokedAt !== null) throw notFound()
      await revokeSession(core, session, request)
      return reply.code(204).send()
    }
  })
}
