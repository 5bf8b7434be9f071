import fastify, { type FastifyPluginAsync } from 'fastify'
import fastifyJwtJwks from 'fastify-jwt-jwks'
import { HELLO, type Serve, listenWithFastify } from './guarded.ts'

/** fastify-jwt-jwks with a secret. */
export const serve: Serve = async ({ key }) => {
  const app = fastify()
  // Its types are of a module of another kind.
  await app.register(fastifyJwtJwks as unknown as FastifyPluginAsync<{ secret: string }>, {
    secret: key
  })
  app.get('/hello/', { preValidation: app.authenticate }, async () => HELLO)
  return listenWithFastify(app)
}
