import type { FastifyRequest } from 'fastify'
import { sidOf } from '../sessions/lifecycle.ts'
import type { IssueParts } from './issue.ts'
import { revokePresented } from './revoke.ts'

/**
 * Revokes the live session whose cookie a login has replaced: no client has its token any more. A
 * cookie that a refresh would refuse for its token alone revokes nothing. Never throws: the new
 * session exists.
 */
export async function revokeReplaced (parts: IssueParts, request: FastifyRequest): Promise<void> {
  const { transport, tokens, sessions, options } = parts
  const token = transport.replaced(request)
  if (token === undefined) return
  const claims = tokens.verifyRefresh(token)
  if (typeof claims === 'string') return
  // A token of another server has a session only if it was adopted.
  if (claims.sid === undefined && options.adoptRefreshTokens === false) return
  try {
    const session = await sessions.find(sidOf(claims))
    if (session === null || !sessions.isLive(session)) return
    await revokePresented(parts, session, claims.jti, request)
  } catch (error) {
    const message = 'the session of the replaced cookie could not be revoked'
    request.log.warn({ err: error, sid: sidOf(claims) }, message)
  }
}
