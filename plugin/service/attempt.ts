import type { FastifyRequest } from 'fastify'
import { asError, invalidFields, statusOf } from '../errors.ts'
import { truncateUsername } from '../events.ts'
import { readField } from '../http/body-validation.ts'
import type { Registration } from '../registration.ts'
import { type User, isActive, userIdOf } from '../user.ts'

/** The parts of a registration that an attempt to log in uses. */
export type AttemptParts = Pick<Registration, 'options' | 'unauthorized' | 'rateLimiter' | 'emit'>

type NoUser = null | undefined | false

/** Checks a login. Returns the user, or null, undefined or false for none. */
export type LoginCheck<U> = () => Promise<U | NoUser> | U | NoUser

/**
 * Runs the check of a login and returns the user. The limits count the login before the check. A
 * check that throws an error with a status of 5xx gives the login back. Any other throw is a failed
 * login.
 * @throws SimpleJwtError 400 for a user name that is not a text within the limit, and counts
 *   nothing
 * @throws SimpleJwtError 401 for no user, an inactive user and a throw with a status of 4xx alike
 * @throws SimpleJwtError 429 over a limit
 * @throws the error of the check that has another status or none
 */
export async function attempt<U extends User> (
  parts: AttemptParts, request: FastifyRequest, username: string, check: LoginCheck<U>
): Promise<U> {
  const { rateLimiter, unauthorized, emit } = parts
  refuseUsername(parts, username)
  const login = rateLimiter.login(request, username)
  await login.loginPerAddress()
  await login.loginPerUsername()

  async function fail (): Promise<void> {
    await login.failed()
    const event = { username: truncateUsername(username), address: request.ip }
    emit({ type: 'login_failed', ...event }, request.log)
  }

  let user: U | NoUser
  try {
    user = await check()
    // An object without an id shows no right password.
    if (user) userIdOf(user)
  } catch (error) {
    const status = statusOf(error)
    if (status >= 500) await login.givenBack()
    else await fail()
    throw status >= 400 && status < 500
      ? unauthorized.wrongCredentials()
      : asError(error, 'the check of a login')
  }
  if (!user || !isActive(user)) {
    await fail()
    throw unauthorized.wrongCredentials()
  }
  await login.succeeded()
  return user
}

/** A host may pass what its client sent, so the limits must not fold a long text. */
function refuseUsername ({ options }: Pick<AttemptParts, 'options'>, username: unknown): void {
  const [, problems] = readField(username, { maxLength: options.usernameMaxLength })
  if (problems.length > 0) throw invalidFields({ [options.usernameField]: problems })
}
