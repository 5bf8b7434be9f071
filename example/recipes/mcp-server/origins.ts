import cors from '@fastify/cors'
import type { FastifyInstance } from 'fastify'

/** Of a stateful server and of a refusal. No script can read other headers. */
const EXPOSED = ['WWW-Authenticate', 'Mcp-Session-Id', 'Mcp-Protocol-Version']

/**
 * Lets pages of some origins call the routes of a scope, and refuses all other pages. A browser
 * sends `Origin` with each POST, so a page whose name leads to this machine (DNS rebinding) is
 * refused too. Programs send none.
 */
export async function allowOrigins (app: FastifyInstance, origins: string[]): Promise<void> {
  app.addHook('onRequest', async ({ headers: { origin } }, reply) => {
    if (origin === undefined || origins.includes(origin)) return
    return reply.code(403).send({ detail: 'Pages of this origin may not call.' })
  })
  await app.register(cors, { origin: origins, methods: ['POST'], exposedHeaders: EXPOSED })
}
