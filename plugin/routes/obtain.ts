import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Core } from '../registration.ts'
import { claimsAtLogin } from '../service/custom-claims.ts'
import { shortened } from '../events.ts'
import { originOf, subject } from '../sessions/client-info.ts'
import { mintPair } from '../service/token-pair.ts'
import type { TokenPair } from '../tokens/jwt.ts'
import { type User, isActive, userIdOf } from '../user.ts'
import { route } from '../http/trailing-slash.ts'
import { obtainSchema } from './schemas.ts'

/** Starts a session for a user and mints its first pair. An inactive user gets none. */
export async function issue (core: Core, user: User, request?: FastifyRequest): Promise<TokenPair> {
  if (!isActive(user)) throw core.unauthorized.wrongCredentials()
  const claims = await claimsAtLogin(core, user, request)
  const session = await core.sessions.start(userIdOf(user), originOf(request))
  core.emit({ type: 'login', ...subject(session, request) }, request?.log)
  return mintPair(core, session, claims)
}

export function obtainRoute (scope: FastifyInstance, core: Core): void {
  const { options: { usernameField, verifyCredentials, cookie }, throttle, carrier } = core

  route<{ Body: Record<string, string> }>(scope, {
    method: 'POST',
    url: '/',
    schema: obtainSchema(usernameField, cookie !== false),
    onRequest: [...carrier.onRequest, throttle.loginPerAddress],
    preHandler: throttle.loginPerUsername,
    handler: async (request, reply) => {
      const username = request.body[usernameField] as string
      const user = await verifyCredentials({ ...request.body, username, password: request.body.password as string }, request)
      if (!user || !isActive(user)) {
        await throttle.loginFailed(request)
        core.emit({ type: 'login_failed', username: shortened(username), address: request.ip }, request.log)
        throw core.unauthorized.wrongCredentials()
      }
      await throttle.loginSucceeded(request)
      return carrier.give(reply, await issue(core, user, request))
    }
  })
}
