import type { FastifyInstance } from 'fastify'
import { authenticateOptional, claimsOf } from 'fastify-simplejwt'

/** A route for visitors and users. `claimsOf` is null for a visitor, and the compiler knows it. */
export async function greeting (app: FastifyInstance): Promise<void> {
  app.get('/greeting', { onRequest: authenticateOptional }, async request => {
    const claims = claimsOf(request)
    return { message: claims === null ? 'Hello, visitor!' : `Hello, ${claims.role}!` }
  })
}
