import { revokeSession } from '../service/revoke.ts'
import { userIdOf } from '../user.ts'
import { readAuthorization } from './authorization.ts'
import type { AuthorizationServer } from './authorization-server.ts'
import { isLoginTime } from './consent.ts'
import { approve, deny } from './decision.ts'
import { detailsOf } from './details.ts'
import type { OAuthService } from './options.ts'

export function createOAuthService (server: AuthorizationServer): OAuthService {
  const read = (text: string) => readAuthorization(server, text)

  return {
    read: async text => detailsOf(server, await read(text)),

    approve: async (text, user, { authTime, scopes, request }) => {
      refuseBadTime(authTime, server.core.options.now())
      return approve(server, await read(text), { user, authTime, scopes, request })
    },

    deny: async text => deny(server, await read(text), undefined, undefined),

    async disconnect (userId, clientId) {
      const { core } = server
      const id = userIdOf({ id: userId })
      let total = 0
      let revoked: number
      // A silent login may start a session after the list is read, and confirm it before its
      // consent is revoked.
      do {
        revoked = 0
        const sessions = await core.sessions.list(id)
        for (const session of sessions.filter(session => session.clientId === clientId)) {
          if (await revokeSession(core, session)) revoked++
        }
        total += revoked
      } while (revoked > 0)
      return total
    }
  }
}

function refuseBadTime (authTime: number, now: number): void {
  if (isLoginTime(authTime, now)) return
  throw new TypeError('fastify-simplejwt/oauth: approve() needs "authTime", the time of the ' +
    'login in milliseconds, not in the future.')
}
