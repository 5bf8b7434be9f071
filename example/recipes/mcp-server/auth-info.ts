import type { AuthInfo } from '@modelcontextprotocol/sdk/server/auth/types.js'
import type { AccessClaims } from 'fastify-simplejwt'

/**
 * Passes the user of a request to the tools. They get no token: an MCP server must not send it on
 * to other services. A user's own session has neither a client nor scopes.
 */
export const authInfoOf = ({ user_id: userId, client_id: client, scope }: AccessClaims): AuthInfo =>
  ({
    token: '',
    clientId: client ?? '',
    scopes: typeof scope === 'string' ? scope.split(' ') : [],
    extra: { userId }
  })

/** Returns the id of the user who calls a tool. @throws Error without a guard before the tool */
export function userIdOf ({ authInfo }: { authInfo?: AuthInfo }): string {
  const userId = authInfo?.extra?.userId
  if (typeof userId !== 'string') throw new Error('No user. Guard the route of the MCP server.')
  return userId
}
