import { error } from '../../routes/schema-parts.ts'

// JSON schemas of the routes of OpenID Connect. @fastify/swagger shows them. They validate nothing.

export const userinfoSchema = {
  summary: 'Claims about the user of an access token with the scope openid.',
  tags: ['oauth'],
  response: {
    200: {
      description: 'The user id, and the claims that the scopes of the token allow.',
      type: 'object',
      required: ['sub'],
      properties: { sub: { type: 'string' } },
      additionalProperties: true,
      examples: [{ sub: '1', name: 'Vitor' }]
    },
    401: error('The token is missing, bad, expired or revoked, or its user is gone.', {
      detail: 'Authentication credentials were not provided.'
    }),
    403: error('The token is not of an app with the scope openid.', {
      detail: 'You do not have permission to perform this action.', code: 'permission_denied'
    })
  }
}
