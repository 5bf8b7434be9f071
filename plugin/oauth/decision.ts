import type { FastifyRequest } from 'fastify'
import { SimpleJwtError, invalidFields } from '../errors.ts'
import { clientInfo, eventSubject } from '../sessions/client-info.ts'
import { type User, isActive, userIdOf } from '../user.ts'
import type { Authorization } from './authorization.ts'
import type { AuthorizationServer } from './authorization-server.ts'
import { mintCode } from './code.ts'
import { isLoginRecent } from './consent.ts'
import { errorUrl, successUrl } from './redirect.ts'
import { isSubset } from './scopes.ts'

/** A user who allows an authorization request. */
export interface Approval {
  user: User
  /** When the user logged in, in milliseconds. */
  authTime: number
  /** Default: all scopes of the request. */
  scopes: readonly string[] | undefined
  request: FastifyRequest | undefined
  /** Throws if the login was revoked meanwhile. Default: the host answers for its login. */
  confirm?: () => Promise<unknown>
}

/**
 * Starts the session of a client, whose first token is the code. Returns the URL that takes the
 * code to the client.
 * @throws SimpleJwtError 403 if this or another user must log in, 401 for a user who is gone or
 *   inactive, 400 for scopes that the client did not ask for
 */
export async function approve (
  server: AuthorizationServer,
  authorization: Authorization,
  { user, authTime, scopes = authorization.scopes, request, confirm }: Approval
): Promise<string> {
  const { core, options } = server
  const granted = checkedScopes(authorization, scopes)
  const userId = userIdOf(user)
  checkLogin(server, authorization, userId, authTime)
  await refuseGoneUser(server, user, request)
  const session = await core.sessions.start(userId, clientInfo(request), {
    refreshLifetime: options.codeLifetime,
    sessionLifetime: options.grantLifetime,
    grant: { clientId: authorization.client.id, scope: granted.join(' ') }
  })
  // A revocation of all sessions of the user may have come too early to see this one. It is of no
  // use without its code.
  await confirm?.()
  core.emit({ type: 'authorized', ...eventSubject(session, request) }, request?.log)
  const code = mintCode(server, session, { ...authorization, scopes: granted, authTime })
  return successUrl(server, authorization, code)
}

/**
 * Checks that a login is the one that the client asks for: recent enough, and of the user of its
 * `id_token_hint`.
 * @throws SimpleJwtError 403
 */
export function checkLogin (
  server: Pick<AuthorizationServer, 'core'>,
  authorization: Authorization,
  userId: string,
  authTime: number
): void {
  if (!isLoginRecent(server, authorization, authTime)) throw loginRequired()
  const { expectedUser = userId } = authorization
  if (expectedUser !== userId) throw otherUserRequired()
}

/** Returns the URL that tells the client of the user's no. */
export function deny (
  server: AuthorizationServer,
  authorization: Authorization,
  userId: string | undefined,
  request: FastifyRequest | undefined
): string {
  server.core.emit({
    type: 'authorization_denied',
    clientId: authorization.client.id,
    ...(userId !== undefined && { userId }),
    ...(request !== undefined && { address: request.ip })
  }, request?.log)
  return errorUrl(server, authorization,
    { error: 'access_denied', description: 'The user denied the request.' })
}

/** The user may only take scopes away. */
function checkedScopes (
  authorization: Authorization, scopes: readonly string[]
): readonly string[] {
  if (scopes.length > 0 && isSubset(scopes, authorization.scopes)) {
    return authorization.scopes.filter(scope => scopes.includes(scope))
  }
  throw invalidFields({ scopes: ['Must be one or more of the scopes that the app asks for.'] })
}

async function refuseGoneUser (
  { core }: AuthorizationServer, user: User, request: FastifyRequest | undefined
): Promise<void> {
  const { options: { findUser }, unauthorized } = core
  const known = findUser === undefined ? user : await findUser(userIdOf(user), request)
  if (!known || !isActive(known as User) || !isActive(user)) throw unauthorized.noActiveAccount()
}

/** The session of the login is older than the app accepts, or unknown. */
export const loginRequired = (): SimpleJwtError =>
  new SimpleJwtError(403, 'login_required', {
    detail: 'The app asks for a fresh login. Log in again.',
    code: 'login_required'
  })

/** The app knows its user from an ID token, and another user is logged in. */
const otherUserRequired = (): SimpleJwtError =>
  new SimpleJwtError(403, 'login_required', {
    detail: 'The app asks for another user. Log in as that user.',
    code: 'login_required'
  })
