import type { FastifyRequest } from 'fastify'
import type { Registration } from '../registration.ts'
import { clientInfo, eventSubject } from '../sessions/client-info.ts'
import type { Session } from '../stores/session.ts'
import type { TokenPair } from '../tokens/jwt.ts'
import { type User, isActive, userIdOf } from '../user.ts'
import { claimsAtLogin } from './custom-claims.ts'
import {
  type SessionOptions, type SessionSettings, resolveSessionOptions
} from './session-options.ts'
import { mintPair } from './token-pair.ts'

/** The parts of a registration that a login uses. */
export type IssueParts = Pick<
  Registration, 'options' | 'unauthorized' | 'sessions' | 'tokens' | 'transport' | 'emit'
>

/** Options of `app.tokens.issue()`. */
export interface IssueOptions extends SessionOptions {
  /** The request of the client, whose user agent and address the session keeps. */
  request?: FastifyRequest | undefined
}

/** Starts a session for a user and mints its first pair, without HTTP. */
export async function issue (
  parts: IssueParts, user: User, { request, ...options }: IssueOptions = {}
): Promise<TokenPair> {
  if (!isActive(user)) throw parts.unauthorized.wrongCredentials()
  const settings = resolveSessionOptions(options, parts.options, 'issue()')
  return (await startSession(parts, user, settings, request)).pair
}

/** A new session, and its first pair. */
export interface StartedSession { session: Session, pair: TokenPair }

/** Starts the session of an active user. Computes its claims first: a throw starts no session. */
export async function startSession (
  parts: IssueParts, user: User, settings: SessionSettings, request: FastifyRequest | undefined
): Promise<StartedSession> {
  const claims = await claimsAtLogin(parts, user, settings, request)
  const session = await parts.sessions.start(userIdOf(user), clientInfo(request), settings)
  parts.emit({ type: 'login', ...eventSubject(session, request) }, request?.log)
  return { session, pair: mintPair(parts, session, claims) }
}
