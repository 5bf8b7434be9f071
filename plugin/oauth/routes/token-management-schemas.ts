import { empty } from '../../routes/schema-parts.ts'
import { FORM, away, oauthRefusal, text, tooMany } from './schema-parts.ts'

// JSON schemas of revocation and introspection. @fastify/swagger shows them. They validate nothing.

const ACCESS = 'eyJhbGciOiJFUzI1NiIsInR5cCI6ImF0K2p3dCJ9.e30.c2lnbmF0dXJl'

const tokenForm = {
  type: 'object',
  required: ['token'],
  properties: {
    token: text('A token.'),
    token_type_hint: text('Ignored: the server knows the type of each token.'),
    client_id: text('Of a client that does not use HTTP Basic authentication.'),
    client_secret: text('Of a client that does not use HTTP Basic authentication.')
  },
  examples: [{ token: ACCESS }]
}

const unknownClient = oauthRefusal('The client is unknown, or its secret is wrong.',
  'invalid_client', 'The client is unknown, or its secret is wrong.')

export const revokeSchema = {
  summary: 'Revoke the session of a token of the client (RFC 7009).',
  tags: ['oauth'],
  consumes: FORM,
  body: tokenForm,
  response: {
    200: {
      ...empty,
      description: 'The token is not good any more. Also for one that is unknown or expired.'
    },
    400: oauthRefusal('The request is malformed, or the token has no session.',
      'unsupported_token_type',
      'An access token of client credentials cannot be revoked. It expires by itself.'),
    401: unknownClient,
    429: tooMany,
    503: away
  }
}

export const introspectSchema = {
  summary: 'Return whether an access token is good, for a resource server (RFC 7662).',
  tags: ['oauth'],
  consumes: FORM,
  body: tokenForm,
  response: {
    200: {
      description: 'The token, or only `active` for one that is not good.',
      type: 'object',
      required: ['active'],
      properties: {
        active: { type: 'boolean' },
        token_type: { type: 'string', enum: ['Bearer'] },
        iss: text('The issuer.'),
        sub: text('The id of the user, or of the client without a user.'),
        aud: { description: 'The audience. The resource server must be it.' },
        exp: { type: 'number', description: 'Expiry, in seconds since the epoch.' },
        iat: { type: 'number', description: 'When it was issued, in seconds since the epoch.' },
        jti: text('The id of the token.'),
        client_id: text('Absent: a login of the user, who may do anything.'),
        scope: text('The scopes that the client may still have, separated by spaces.'),
        sid: text('The id of the session.'),
        auth_time: { type: 'number', description: 'When the user logged in.' }
      },
      examples: [{
        active: true,
        token_type: 'Bearer',
        iss: 'https://example.com',
        sub: '1',
        aud: 'https://example.com/api',
        exp: 1893456300,
        iat: 1893456000,
        jti: '1f0c5e0f7f1d4a63a9a6e8f6b3f0c2d4',
        client_id: 'photo-printer',
        scope: 'photos:read',
        sid: '9b2d7c3e5f6a4b1c8d0e2f3a4b5c6d7e',
        auth_time: 1893455990
      }, { active: false }]
    },
    400: oauthRefusal('The request is malformed, or the client may not introspect.',
      'unauthorized_client', 'The client may not introspect tokens.'),
    401: unknownClient,
    429: tooMany,
    503: away
  }
}
