import type { FastifyRequest } from 'fastify'
import { truncateUsername } from '../events.ts'
import type { Registration } from '../registration.ts'
import type { TokenPair } from '../tokens/jwt.ts'
import { type Credentials, isActive } from '../user.ts'
import { type IssueParts, issue } from './issue.ts'

/** The parts of a registration that a login by password uses. */
export type LoginParts = IssueParts & Pick<Registration, 'rateLimiter'>

/**
 * Checks credentials and issues the first pair. Reports the result to the rate limiter, which has
 * counted the attempt before.
 * @throws SimpleJwtError 401 for an unknown user, a wrong password and an inactive user alike
 */
export async function login (
  parts: LoginParts, credentials: Credentials, request: FastifyRequest
): Promise<TokenPair> {
  const { options: { verifyCredentials }, rateLimiter, unauthorized, emit } = parts
  const user = await verifyCredentials(credentials, request)
  if (!user || !isActive(user)) {
    await rateLimiter.loginFailed(request)
    const username = truncateUsername(credentials.username)
    emit({ type: 'login_failed', username, address: request.ip }, request.log)
    throw unauthorized.wrongCredentials()
  }
  await rateLimiter.loginSucceeded(request)
  return issue(parts, user, request)
}
