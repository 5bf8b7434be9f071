import { error } from '../../routes/schema-parts.ts'
import { FORM, away, oauthRefusal, text, tooMany } from './schema-parts.ts'

// JSON schemas of the routes. @fastify/swagger shows them. They validate nothing.

const CHALLENGE = 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM'

export const authorizeSchema = {
  summary: 'Ask for an authorization code (RFC 6749 section 4.1.1), with PKCE.',
  tags: ['oauth'],
  querystring: {
    type: 'object',
    required: ['client_id', 'response_type', 'code_challenge', 'code_challenge_method'],
    properties: {
      client_id: text('The id of the client.'),
      redirect_uri: text('A registered URI. May be left out if there is only one.'),
      response_type: { type: 'string', enum: ['code'] },
      scope: text('Scopes, separated by spaces. Default: all of the client, except openid.'),
      state: text('Comes back unchanged.'),
      code_challenge: text('The base64url of the SHA-256 hash of the code_verifier.'),
      code_challenge_method: { type: 'string', enum: ['S256'] },
      resource: text('The audience of the tokens (RFC 8707).'),
      nonce: text('Comes back in the ID token.'),
      prompt: text('login, consent or none.'),
      max_age: text('The greatest age of the login, in seconds.'),
      login_hint: text('A user name for the login form.'),
      id_token_hint: text('An ID token: its user must decide.'),
      ui_locales: text('Languages for the consent page.')
    }
  },
  response: {
    303: {
      description: 'To the consent page, or to the client with an error.',
      type: 'null'
    },
    400: oauthRefusal('The client or its redirect URI is unknown.',
      'invalid_request', 'The client_id is missing or unknown.'),
    429: tooMany
  }
}

export const tokenSchema = {
  summary: 'Exchange a code, a refresh token or client credentials for an access token.',
  tags: ['oauth'],
  consumes: FORM,
  body: {
    type: 'object',
    required: ['grant_type'],
    properties: {
      grant_type: {
        type: 'string', enum: ['authorization_code', 'refresh_token', 'client_credentials']
      },
      client_id: text('Of a client that does not use HTTP Basic authentication.'),
      client_secret: text('Of a client that does not use HTTP Basic authentication.'),
      code: text('With authorization_code.'),
      code_verifier: text('With authorization_code: the text that the challenge is a hash of.'),
      redirect_uri: text('With authorization_code: must be that of the authorization request.'),
      refresh_token: text('With refresh_token.'),
      scope: text('Fewer scopes than were granted, or the scopes of the client.'),
      resource: text('The audience of the token (RFC 8707).')
    },
    examples: [{ grant_type: 'client_credentials', scope: 'reports:write' }]
  },
  response: {
    200: {
      description: 'The tokens (RFC 6749 section 5.1).',
      type: 'object',
      required: ['access_token', 'token_type', 'expires_in', 'scope'],
      properties: {
        access_token: { type: 'string' },
        token_type: { type: 'string' },
        expires_in: { type: 'integer', description: 'In seconds.' },
        refresh_token: text('Absent for client credentials.'),
        scope: text('The scopes that were granted.'),
        id_token: text('At the exchange of a code with the scope openid.')
      },
      examples: [{
        access_token: 'eyJhbGciOiJFUzI1NiIsInR5cCI6ImF0K2p3dCJ9.e30.c2lnbmF0dXJl',
        token_type: 'Bearer',
        expires_in: 300,
        scope: 'reports:write'
      }]
    },
    400: oauthRefusal('The request or the grant is refused (RFC 6749 section 5.2).',
      'invalid_grant', 'The code is invalid or expired.'),
    401: oauthRefusal('The client is unknown, or its secret is wrong.',
      'invalid_client', 'The client is unknown, or its secret is wrong.'),
    429: tooMany,
    503: away
  }
}

const badAuthorization = error('The text is bad or expired.', {
  detail: 'The authorization request is invalid or expired. Start again from the app.',
  code: 'authorization_not_valid'
})

export const authorizationSchema = {
  summary: 'The authorization request that the consent page shows.',
  tags: ['oauth'],
  querystring: {
    type: 'object',
    required: ['authorization'],
    properties: { authorization: text('The text that the consent page got in its URL.') }
  },
  response: {
    200: {
      description: 'The app and its scopes. With an access token also whether to ask the user.',
      type: 'object',
      additionalProperties: true,
      examples: [{
        client: { id: 'photo-printer', name: 'Photo Printer', trusted: false },
        scopes: [{ name: 'photos:read', description: 'See your photos' }],
        resource: 'https://example.com/api',
        redirect_host: 'print.example',
        loopback: false,
        asks: true
      }]
    },
    400: badAuthorization
  }
}

export const decisionSchema = {
  summary: 'Allow or deny an authorization request, with an access token of the user.',
  tags: ['oauth'],
  consumes: ['application/json'],
  body: {
    type: 'object',
    required: ['authorization', 'allow'],
    properties: {
      authorization: text('The text that the consent page got in its URL.'),
      allow: { type: 'boolean' },
      scopes: { type: 'array', items: { type: 'string' }, description: 'Default: all.' }
    }
  },
  response: {
    200: {
      description: 'The URL to send the browser to.',
      type: 'object',
      required: ['redirect_to'],
      properties: { redirect_to: { type: 'string' } },
      examples: [{ redirect_to: `https://print.example/callback?code=eyJ...&state=${CHALLENGE}` }]
    },
    400: badAuthorization,
    403: error('The app asks for a fresh login, or the token is of an app.', {
      detail: 'The app asks for a fresh login. Log in again.', code: 'login_required'
    })
  }
}

export const metadataSchema = {
  summary: 'The metadata of the authorization server (RFC 8414, OpenID Connect Discovery).',
  tags: ['oauth'],
  response: {
    200: {
      description: 'The endpoints and what they support.',
      type: 'object',
      additionalProperties: true,
      examples: [{
        issuer: 'https://example.com', token_endpoint: 'https://example.com/oauth/token'
      }]
    }
  }
}

export const protectedResourceSchema = {
  summary: 'The metadata of a protected resource (RFC 9728).',
  tags: ['oauth'],
  response: {
    200: {
      description: 'The resource, the issuers of its tokens, and its scopes.',
      type: 'object',
      additionalProperties: true,
      examples: [{
        resource: 'https://example.com/api',
        authorization_servers: ['https://example.com'],
        scopes_supported: ['photos:read'],
        bearer_methods_supported: ['header']
      }]
    }
  }
}
