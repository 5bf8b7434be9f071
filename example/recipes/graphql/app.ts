import websocket from '@fastify/websocket'
import fastify, { type FastifyInstance } from 'fastify'
import simplejwt, { type SimpleJwtOptions, authenticate } from 'fastify-simplejwt'
import mercurius from 'mercurius'
import { createLiveSockets } from '../live-sockets.ts'
import { resolvers, schema } from './schema.ts'
import { endWithSession, subscription } from './subscriptions.ts'

/** Builds an app whose GraphQL endpoint is for users only. */
export async function buildGraphqlApp (options: SimpleJwtOptions): Promise<FastifyInstance> {
  const app = fastify()
  const sockets = createLiveSockets()
  await app.register(simplejwt, {
    ...options,
    onSessionEnded: sid => { sockets.close(sid) }
  })
  await app.register(async scope => {
    await scope.register(websocket, { options: { maxPayload: 64 * 1024 } })
    // A page cannot set the Authorization header of a WebSocket: `subscription` checks its token.
    scope.addHook('onRequest', async (request, reply) => {
      if (!request.ws) await authenticate(request, reply)
    })
    await scope.register(mercurius, {
      schema,
      resolvers,
      // Fastify answers a refusal of the guard: mercurius has run no query yet.
      errorHandler: false,
      context: ({ user }) => ({ claims: user }),
      subscription: subscription(app.tokens)
    })
    scope.graphql.addHook('preSubscriptionExecution', endWithSession(app.tokens, sockets))
  })
  return app
}
