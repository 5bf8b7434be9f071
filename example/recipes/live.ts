import websocket from '@fastify/websocket'
import type { FastifyInstance } from 'fastify'
import { type AccessClaims, SimpleJwtError } from 'fastify-simplejwt'
import { type LiveSockets, UNAUTHORIZED } from './live-sockets.ts'

declare module 'fastify' {
  interface FastifyRequest { socketClaims: AccessClaims | null }
}

/** The protocol that the server speaks, beside which a browser sends its access token. */
const PROTOCOL = 'recipes.v1'
const TOKEN_PREFIX = 'bearer.'

/**
 * A WebSocket for users. A page cannot set the Authorization header of a WebSocket, so it calls
 * ``new WebSocket(url, ['recipes.v1', `bearer.${access}`])``. A token in the URL would be in logs.
 */
export async function live (
  app: FastifyInstance, { sockets }: { sockets: LiveSockets }
): Promise<void> {
  await app.register(websocket, {
    options: {
      maxPayload: 64 * 1024,
      // The server chooses the protocol. It must not echo the token.
      handleProtocols: protocols => protocols.has(PROTOCOL) && PROTOCOL
    }
  })
  app.decorateRequest('socketClaims', null)

  app.get('/live', {
    websocket: true,
    config: { public: true },
    onRequest: async request => {
      const protocols = request.headers['sec-websocket-protocol']?.split(',') ?? []
      const token = protocols.map(text => text.trim()).find(text => text.startsWith(TOKEN_PREFIX))
      if (token === undefined) throw noToken()
      request.socketClaims = await app.tokens.verifyAccess(token.slice(TOKEN_PREFIX.length))
    }
  }, async (socket, { socketClaims: claims }) => {
    // Only a token of another server has no session.
    if (claims?.sid === undefined) return socket.close(UNAUTHORIZED)
    const { sid, exp, user_id: userId } = claims
    socket.on('message', message => { socket.send(`${userId}: ${String(message)}`) })
    sockets.add(socket, sid, exp)
    // A logout between the check of the token and sockets.add() has closed nothing.
    if (await app.tokens.isLive(sid)) socket.send('welcome')
    else socket.close(UNAUTHORIZED)
  })
}

const noToken = (): SimpleJwtError => new SimpleJwtError(401, 'not_authenticated',
  { detail: 'Authentication credentials were not provided.' },
  { 'www-authenticate': 'Bearer realm="api"' })
