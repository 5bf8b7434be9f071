import { type AccessClaims, SimpleJwtError, type TokenService } from 'fastify-simplejwt'
import type { WebSocket } from '@fastify/websocket'
import type { LiveSockets } from '../live-sockets.ts'

type Tokens = Pick<TokenService, 'verifyAccess' | 'isLive'>

/** The first message of a client: `{"type":"connection_init","payload":{"access":"..."}}`. */
interface ConnectionInit { payload?: { access?: unknown } | null }

/** Lets a socket in whose first message has a good access token. */
export const subscription = ({ verifyAccess }: Tokens) => ({
  context: (socket: WebSocket) => ({ socket }),
  onConnect: async ({ payload }: ConnectionInit): Promise<{ claims: AccessClaims } | false> => {
    if (typeof payload?.access !== 'string') return false
    try {
      return { claims: await verifyAccess(payload.access) }
    } catch (error) {
      if (error instanceof SimpleJwtError) return false
      throw error
    }
  }
})

interface SubscriptionContext { claims: AccessClaims, socket: WebSocket }

/**
 * Closes the socket when its token expires, or its session ends. A client may send a token with
 * each subscription, so each subscription counts.
 */
export const endWithSession = ({ isLive }: Tokens, sockets: LiveSockets) =>
  async (_schema: unknown, _source: unknown, { claims, socket }: SubscriptionContext) => {
    const { sid, exp } = claims
    // Only a token of another server has no session.
    if (sid === undefined) throw new Error('The token has no session.')
    sockets.add(socket, sid, exp)
    // A logout between the first message and sockets.add() has closed nothing.
    if (!await isLive(sid)) throw new Error('The session has ended.')
  }
