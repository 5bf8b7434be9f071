import type { FastifyInstance } from 'fastify'
import type { DemoUser } from './users.ts'

/** Two guarded routes: one that is content with the token, one that looks the user up. */
export async function hello (app: FastifyInstance): Promise<void> {
  app.get('/hello/', { onRequest: app.authenticate }, async () => ({ message: 'Hello, World!' }))

  app.get('/me/', { onRequest: app.authenticateUser }, async request => {
    const { id, username } = request.user as unknown as DemoUser
    return { id, username }
  })
}
