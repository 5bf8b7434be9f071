import { revokeSession } from '../service/revoke.ts'
import { readAuthorization } from './authorization.ts'
import type { AuthorizationServer } from './authorization-server.ts'
import { approve, deny } from './decision.ts'
import { detailsOf } from './details.ts'
import type { OAuthService } from './options.ts'

export function createOAuthService (server: AuthorizationServer): OAuthService {
  const read = (text: string) => readAuthorization(server, text)

  return {
    read: async text => detailsOf(server, await read(text)),

    approve: async (text, user, { authTime, scopes, request }) => {
      if (!Number.isFinite(authTime)) {
        throw new TypeError('fastify-simplejwt/oauth: approve() needs "authTime", the time of ' +
          'the login in milliseconds.')
      }
      return approve(server, await read(text), { user, authTime, scopes, request })
    },

    deny: async text => deny(server, await read(text), undefined, undefined),

    async disconnect (userId, clientId) {
      const { core } = server
      const sessions = await core.sessions.list(String(userId))
      const granted = sessions.filter(session => session.clientId === clientId)
      const revoked = await Promise.all(granted.map(session => revokeSession(core, session)))
      return revoked.filter(Boolean).length
    }
  }
}
