import type { FastifyRequest } from 'fastify'
import { claimsOrThrow } from '../errors.ts'
import type { Registration } from '../registration.ts'
import { eventSubject, presentingClient } from '../sessions/client-info.ts'
import { sidOf } from '../sessions/lifecycle.ts'
import type { Session } from '../stores/session.ts'
import { adoptIfForeign } from './adopt.ts'

/** The parts of a registration that revoke sessions. */
export type RevokeParts = Pick<Registration, 'sessions' | 'emit'>

/**
 * Revokes the session of a refresh token. A token spent longer ago than `reuseInterval` revokes it
 * too, but is refused as reuse.
 * @throws SimpleJwtError 401, or 429 for a request over the limit of its session
 */
export async function revoke (
  parts: RevokeParts & Pick<Registration, 'options' | 'tokens' | 'unauthorized' | 'rateLimiter'>,
  token: string,
  request?: FastifyRequest
): Promise<void> {
  const { tokens, sessions, unauthorized, rateLimiter } = parts
  await tokens.missingKey(token)
  const claims = claimsOrThrow(tokens.verifyRefresh(token), unauthorized.refused)
  await rateLimiter.refreshPerSession('blacklist', claims, request)
  await adoptIfForeign(parts, claims, request)

  const session = await sessions.find(sidOf(claims))
  if (session === null || !sessions.isLive(session)) {
    throw unauthorized.refused('Token is blacklisted')
  }
  const isGood = await revokePresented(parts, session, claims.jti, request)
  if (!isGood) throw unauthorized.refused('Token is blacklisted')
}

/**
 * Revokes the live session of a presented refresh token. Returns whether a refresh would accept the
 * token. If not, the event is `reuse_detected`.
 */
export async function revokePresented (
  { sessions, emit }: RevokeParts, session: Session, jti: string, request?: FastifyRequest
): Promise<boolean> {
  const isGood = sessions.isAccepted(session, jti, presentingClient(request))
  if (await sessions.revoke(session.sid)) {
    const type = isGood ? 'revoked' : 'reuse_detected'
    emit({ type, ...eventSubject(session, request) }, request?.log)
  }
  return isGood
}

/** Revokes one session, of any user. Returns false if it was revoked before. */
export async function revokeSession (
  { sessions, emit }: RevokeParts,
  session: Pick<Session, 'sid' | 'userId' | 'clientId'>,
  request?: FastifyRequest
): Promise<boolean> {
  const revoked = await sessions.revoke(session.sid)
  if (revoked) emit({ type: 'revoked', ...eventSubject(session, request) }, request?.log)
  return revoked
}

/** Revokes all sessions of a user except `except`. Returns their number. */
export async function revokeUser (
  { sessions, emit }: RevokeParts, userId: string, except?: string, request?: FastifyRequest
): Promise<number> {
  const sids = await sessions.revokeUser(userId, except)
  for (const sid of sids) {
    emit({ type: 'revoked', ...eventSubject({ userId, sid }, request) }, request?.log)
  }
  return sids.length
}
