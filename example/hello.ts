import type { FastifyInstance } from 'fastify'
import { refused } from './refused.ts'
import type { DemoUser } from './users.ts'

const answers = (
  description: string, properties: Record<string, { type: string }>, example: object
) => ({
  200: {
    description,
    type: 'object',
    required: Object.keys(properties),
    properties,
    examples: [example]
  },
  401: refused('The access token is missing or bad.')
})

const helloSchema = {
  summary: 'Greet the holder of an access token.',
  tags: ['guarded'],
  response: answers('The greeting.', { message: { type: 'string' } }, { message: 'Hello, World!' })
}

const meSchema = {
  summary: 'Return the user, looked up at each request.',
  tags: ['guarded'],
  response: answers(
    'The user.',
    { id: { type: 'integer' }, username: { type: 'string' } },
    { id: 1, username: 'vitor' }
  )
}

/** Two guarded routes: one checks only the token, one also looks up the user. */
export async function hello (app: FastifyInstance): Promise<void> {
  app.get('/hello/', { onRequest: app.authenticate, schema: helloSchema }, async () => ({
    message: 'Hello, World!'
  }))

  app.get('/me/', { onRequest: app.authenticateUser, schema: meSchema }, async request => {
    const { id, username } = request.account as DemoUser
    return { id, username }
  })
}
