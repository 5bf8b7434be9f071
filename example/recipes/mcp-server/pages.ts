import { fileURLToPath } from 'node:url'
import serveFiles from '@fastify/static'
import type { FastifyInstance } from 'fastify'
import { connect } from '../../connect.ts'
import type { Users } from './users.ts'

const PUBLIC = fileURLToPath(new URL('../../public/', import.meta.url))

/** Serves the consent page of the demo, its style, and the route that names the user. */
export async function pages (app: FastifyInstance, { users }: { users: Users }): Promise<void> {
  await app.register(connect)
  await app.register(serveFiles, { root: PUBLIC, serve: false })
  app.get('/style.css', (_request, reply) => reply.sendFile('style.css'))
  app.get('/me/', { onRequest: app.authenticate }, async ({ user }) =>
    ({ username: users.find(user.user_id)?.username }))
}
