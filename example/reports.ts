import type { FastifyInstance } from 'fastify'
import { refused } from './refused.ts'

const schema = {
  summary: 'Accept a report of an app that acts for itself, with reports:write.',
  tags: ['guarded'],
  security: [{ bearer: [] }],
  response: {
    200: {
      description: 'The report is accepted.',
      type: 'object',
      required: ['accepted_from'],
      properties: { accepted_from: { type: 'string' } },
      examples: [{ accepted_from: 'nightly-report' }]
    },
    401: refused('The token is missing, bad, or belongs to a user.'),
    403: refused('The app was not granted reports:write.')
  }
}

/** A route for programs without a user. */
export async function reports (app: FastifyInstance): Promise<void> {
  const onRequest = app.requireClient('reports:write')
  app.post('/reports/', { onRequest, schema }, async request => ({
    accepted_from: request.client?.client_id
  }))
}
