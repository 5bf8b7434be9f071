import type { FastifyReply } from 'fastify'
import type { RefreshedTokens } from '../tokens/jwt.ts'
import { type Account, type Credentials, type User, isActive } from '../user.ts'
import { type AttemptParts, attempt } from './attempt.ts'
import { type IssueParts, startSession } from './issue.ts'
import { loginAnswer } from './login-answer.ts'
import { revokeReplaced } from './replaced-session.ts'
import { revokeSession } from './revoke.ts'
import {
  type SessionOptions, type SessionSettings, resolveSessionOptions
} from './session-options.ts'

/** The parts of a registration that a login by password uses. */
export type LoginParts = IssueParts & AttemptParts

/** The answer of a login: the tokens, and the members of `loginResponse`. */
export type LoginAnswer = RefreshedTokens & Record<string, unknown>

/**
 * Checks credentials, starts a session and answers it.
 * @throws SimpleJwtError 401 or 429, as `attempt`
 */
export async function loginByPassword (
  parts: LoginParts, credentials: Credentials, reply: FastifyReply
): Promise<LoginAnswer> {
  const { verifyCredentials, sessionOptions } = parts.options
  const { request } = reply
  const user = await attempt(parts, request, credentials.username,
    async () => verifyCredentials?.(credentials, request) as Promise<User | null>)
  const options = await sessionOptions?.(user as Account, credentials, request)
  const settings = resolveSessionOptions(options, parts.options, 'sessionOptions()')
  return answer(parts, user, settings, reply)
}

/** Logs a user in after a check by the host. @throws SimpleJwtError 401 for an inactive user */
export async function login (
  parts: IssueParts, user: User, reply: FastifyReply, options?: SessionOptions
): Promise<LoginAnswer> {
  if (!isActive(user)) throw parts.unauthorized.wrongCredentials()
  const settings = resolveSessionOptions(options, parts.options, 'login()')
  reply.header('cache-control', 'no-store')
  return answer(parts, user, settings, reply)
}

/**
 * Starts a session and sends its tokens. `loginResponse` gets the tokens of a session that exists.
 * If it throws, the session is revoked: the client has no token of it. Otherwise the session of the
 * cookie that this login replaces is revoked.
 */
async function answer (
  parts: IssueParts, user: User, settings: SessionSettings, reply: FastifyReply
): Promise<LoginAnswer> {
  const { request } = reply
  const { session, pair } = await startSession(parts, user, settings, request)
  const cookies = [reply.getHeader('set-cookie') ?? []].flat() as string[]
  try {
    const tokens = parts.transport.send(reply, pair, settings)
    const body = await loginAnswer(parts.options.loginResponse, user, tokens, request)
    await revokeReplaced(parts, request)
    return body
  } catch (error) {
    reply.removeHeader('set-cookie')
    if (cookies.length > 0) reply.header('set-cookie', cookies)
    // The store reports its own failure. The error of the host is the answer.
    await revokeSession(parts, session, request).catch(() => {})
    throw error
  }
}
