import type { FastifyInstance } from 'fastify'
// In your app: from 'fastify-simplejwt'
import { SimpleJwtError } from '../plugin/index.ts'

const answer = (description: string, example: string) => ({
  description,
  type: 'object',
  required: ['status'],
  properties: { status: { type: 'string' } },
  examples: [{ status: example }]
})

const aliveSchema = {
  summary: 'Check that the process is alive.',
  tags: ['server'],
  response: { 200: answer('The process is alive.', 'ok') }
}
const readySchema = {
  summary: 'Check that the server accepts requests.',
  tags: ['server'],
  response: {
    200: answer('The store answers.', 'ok'),
    503: answer('The store does not answer, or the server is shutting down.', 'store unavailable')
  }
}

/** Restart the process if `/healthz` fails. Send it no requests while `/readyz` fails. */
export async function health (app: FastifyInstance): Promise<void> {
  app.get('/healthz', { logLevel: 'warn', schema: aliveSchema }, async () => ({ status: 'ok' }))

  app.get('/readyz', { logLevel: 'warn', schema: readySchema }, async (_request, reply) => {
    const status = app.draining() ? 'draining' : await storeStatus(app)
    return reply.code(status === 'ok' ? 200 : 503).send({ status })
  })
}

/** Queries the store for a user that does not exist. Answers or fails within a second. */
async function storeStatus (app: FastifyInstance): Promise<string> {
  try {
    await app.tokens.sessions('')
    return 'ok'
  } catch (error) {
    if (!(error instanceof SimpleJwtError)) throw error
    return 'store unavailable'
  }
}
