import type { FastifyRequest } from 'fastify'
import { SimpleJwtError, asError } from '../errors.ts'
import { type User, userIdOf } from '../user.ts'
import type { Authorization } from './authorization.ts'
import type { AuthorizationRequest } from './authorization-request.ts'
import type { AuthorizationServer } from './authorization-server.ts'
import { isLoginTime, mustAsk } from './consent.ts'
import { approve, checkLogin, loginRequired } from './decision.ts'
import type { RedirectError } from './errors.ts'
import type { LoggedIn } from './options.ts'
import { refusalUrl } from './redirect.ts'

const LOGIN_REQUIRED: RedirectError =
  { error: 'login_required', description: 'The user must log in.' }
const CONSENT_REQUIRED: RedirectError =
  { error: 'consent_required', description: 'The user must be asked.' }
const UNAVAILABLE: RedirectError =
  { error: 'temporarily_unavailable', description: 'The server is busy. Try again.' }
const SERVER_ERROR: RedirectError =
  { error: 'server_error', description: 'The server has a fault.' }

/**
 * Answers a request with `prompt=none`, which must show no page (OpenID Connect Core section
 * 3.1.2.1). Returns the URL that takes a code or an error to the client.
 */
export async function authorizeSilently (
  server: AuthorizationServer, asked: AuthorizationRequest, request: FastifyRequest
): Promise<string> {
  const refuse = (error: RedirectError): string => refusalUrl(server, asked, error)
  try {
    const login = await loginOf(server, request)
    if (login === null) return refuse(LOGIN_REQUIRED)
    return await server.core.inShare(request, async () => {
      const authorization = { ...asked, askedAt: server.core.options.now() }
      const userId = userIdOf(login.user)
      checkLogin(server, authorization, userId, login.at)
      await checkConsent(server, authorization, userId)
      return await approve(server, authorization, {
        user: login.user,
        authTime: login.at,
        scopes: undefined,
        request,
        confirm: async () => {
          const still = await loginOf(server, request)
          if (still === null || userIdOf(still.user) !== userId) throw loginRequired()
          await checkConsent(server, authorization, userId)
        }
      })
    })
  } catch (thrown) {
    return refuse(redirectErrorOf(thrown, request))
  }
}

/**
 * Returns the login of the host's own session, if there is one.
 * @throws TypeError for an answer that is not a login: a fault of the host
 */
async function loginOf (
  { core, options }: AuthorizationServer, request: FastifyRequest
): Promise<{ user: User, at: number } | null> {
  const login = await options.loggedIn?.(request) as LoggedIn<User> | null | undefined ?? null
  if (login === null || isLoginTime(login.at, core.options.now())) return login
  throw new TypeError('fastify-simplejwt/oauth: loggedIn() must resolve to null, or to the user ' +
    'and "at", the time of the login in milliseconds, not in the future.')
}

/** @throws SimpleJwtError 403 if the user must be asked */
async function checkConsent (
  server: AuthorizationServer, authorization: Authorization, userId: string
): Promise<void> {
  if (!await mustAsk(server, authorization, userId)) return
  const { error, description } = CONSENT_REQUIRED
  throw new SimpleJwtError(403, error, { detail: description, code: error })
}

/** A fault goes to the log, since the client gets no more of it than its name. */
function redirectErrorOf (thrown: unknown, request: FastifyRequest): RedirectError {
  const status = thrown instanceof SimpleJwtError ? thrown.statusCode : 500
  if (status === 403 && (thrown as SimpleJwtError).code === CONSENT_REQUIRED.error) {
    return CONSENT_REQUIRED
  }
  if (status === 401 || status === 403) return LOGIN_REQUIRED
  if (status === 503) return UNAVAILABLE
  request.log.error({ err: asError(thrown, 'a function of the app') }, 'prompt=none failed')
  return SERVER_ERROR
}
