import type { FastifyRequest } from 'fastify'
import { truncateUsername } from '../events.ts'
import type { Registration } from '../registration.ts'
import type { TokenPair } from '../tokens/jwt.ts'
import { type Credentials, type User, isActive, userIdOf } from '../user.ts'
import { type IssueParts, issue } from './issue.ts'

/** The parts of a registration that a login by password uses. */
export type LoginParts = IssueParts & Pick<Registration, 'rateLimiter'>

/**
 * Checks credentials and issues the first pair. Reports the result to the rate limiter, which has
 * counted the attempt before. A check that throws an error with a status of 5xx gives the attempt
 * back. Any other throw is a failed login.
 * @throws SimpleJwtError 401 for an unknown user, a wrong password, an inactive user and a throw
 *   with a status of 4xx alike
 * @throws the error of `verifyCredentials` that has another status or none
 */
export async function login (
  parts: LoginParts, credentials: Credentials, request: FastifyRequest
): Promise<TokenPair> {
  const { options: { verifyCredentials }, rateLimiter, unauthorized, emit } = parts

  async function fail (): Promise<void> {
    await rateLimiter.loginFailed(request)
    const username = truncateUsername(credentials.username)
    emit({ type: 'login_failed', username, address: request.ip }, request.log)
  }

  let user: User | null | undefined | false
  try {
    user = await verifyCredentials?.(credentials, request)
    // An object without an id shows no right password.
    if (user) userIdOf(user)
  } catch (error) {
    const status = statusOf(error)
    if (status >= 500) await rateLimiter.loginGivenBack(request)
    else await fail()
    throw status >= 400 && status < 500
      ? unauthorized.wrongCredentials()
      : asError(error, status)
  }
  if (!user || !isActive(user)) {
    await fail()
    throw unauthorized.wrongCredentials()
  }
  await rateLimiter.loginSucceeded(request)
  return issue(parts, user, request)
}

/** Returns the HTTP status of an error. Returns 0 if it has none, or none of an error. */
function statusOf (error: unknown): number {
  const { statusCode, status } = (error ?? {}) as { statusCode?: unknown, status?: unknown }
  const number = Number(statusCode ?? status)
  return number >= 400 && number < 600 ? number : 0
}

/** Fastify would answer a thrown text or object with 200. */
function asError (thrown: unknown, statusCode: number): Error {
  if (thrown instanceof Error) return thrown
  const error = new Error(
    'fastify-simplejwt: verifyCredentials() threw a value that is not an Error. ' +
      'Throw an Error, or return null for wrong credentials.',
    { cause: thrown }
  )
  return statusCode === 0 ? error : Object.assign(error, { statusCode })
}
