import type { FieldsSchema } from '../http/body-validation.ts'

/**
 * The routes as JSON schemas: @fastify/swagger shows them, and `http/body-validation.ts` checks
 * bodies by them.
 */
const TOKEN = 'eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJ0b2tlbl90eXBlIjoicmVmcmVzaCJ9.c2lnbmF0dXJl'

const fields = (properties: FieldsSchema['properties'], example: Record<string, string>) =>
  ({ type: 'object' as const, required: Object.keys(properties), properties, examples: [example] })

const token = (description: string) => ({ type: 'string' as const, description })
const empty = {
  description: 'Done.',
  type: 'object',
  properties: {},
  additionalProperties: false,
  examples: [{}]
}

const error = (description: string, example: Record<string, unknown>) => ({
  description,
  type: 'object',
  properties: { detail: { type: 'string' }, code: { type: 'string' } },
  additionalProperties: true,
  examples: [example]
})
const consumes = ['application/json', 'application/x-www-form-urlencoded']
const invalid = (field: string) =>
  error('A field is missing or not a string.', { [field]: ['This field is required.'] })
const refused = error('The token is invalid, expired, of the wrong kind or blacklisted.', {
  detail: 'Token is invalid',
  code: 'token_not_valid'
})
const throttled = error('Too many requests: `Retry-After` says how many seconds to wait.', {
  detail: 'Request was throttled. Expected available in 23 seconds.',
  code: 'throttled'
})
const unavailable = error(
  'The session store does not answer: the token is as good as before, try again.',
  { detail: 'The session store is not available. Try again.', code: 'store_unavailable' }
)

const refreshToken = token('A refresh token.')
const elsewhere = error('A page of another origin has sent this.', {
  detail: 'CSRF Failed: the request came from another origin.',
  code: 'csrf_failed'
})

/** What brings a refresh token, and what is answered: without it where that is in a cookie. */
const carried = (inCookie: boolean) =>
  inCookie ? fields({}, {}) : fields({ refresh: refreshToken }, { refresh: TOKEN })
const answered = (
  inCookie: boolean, description: string, order: ('access' | 'refresh')[], required = order
) => {
  const names = inCookie ? ['access'] : order
  return {
    description: inCookie ? `${description} The refresh token is in the cookie.` : description,
    type: 'object',
    required: inCookie ? names : required,
    properties: Object.fromEntries(names.map(name => [name, token(`The ${name} token.`)])),
    examples: [Object.fromEntries(names.map(name => [name, TOKEN]))]
  }
}
const refusals = (inCookie: boolean) => ({ ...(inCookie && { 403: elsewhere }), 503: unavailable })

export const obtainSchema = (usernameField: string, inCookie: boolean) => ({
  summary: 'Log in: exchange a user name and a password for a refresh and an access token.',
  tags: ['token'],
  consumes,
  body: fields({
    [usernameField]: { type: 'string', description: 'The login name.' },
    password: { type: 'string', format: 'password', description: 'The password, taken as it is.' }
  }, { [usernameField]: 'vitor', password: '123' }),
  response: {
    200: answered(inCookie, 'The pair of a new session.', ['refresh', 'access']),
    400: invalid('password'),
    401: error('Unknown user, wrong password or inactive user.', {
      detail: 'No active account found with the given credentials',
      code: 'no_active_account'
    }),
    429: throttled,
    ...refusals(inCookie)
  }
})

export const refreshSchema = (inCookie: boolean) => ({
  summary: 'Exchange a refresh token for a new access token and, with rotation, its successor.',
  tags: ['token'],
  consumes,
  body: carried(inCookie),
  response: {
    200: answered(
      inCookie,
      'A new access token, and the successor of the refresh token if it was spent.',
      ['access', 'refresh'],
      ['access']
    ),
    400: invalid('refresh'),
    401: refused,
    429: throttled,
    ...refusals(inCookie)
  }
})

export const verifySchema = {
  summary: 'Ask whether a token of either kind is good.',
  tags: ['token'],
  consumes,
  body: fields({ token: token('An access or refresh token.') }, { token: TOKEN }),
  response: { 200: empty, 400: invalid('token'), 401: refused, 503: unavailable }
}

export const blacklistSchema = (inCookie: boolean) => ({
  summary: 'Log out: end the session of a refresh token.',
  tags: ['token'],
  consumes,
  body: carried(inCookie),
  response: { 200: empty, 400: invalid('refresh'), 401: refused, ...refusals(inCookie) }
})

const time = { type: 'string', format: 'date-time' }
const nothing = { type: 'null', description: 'Ended.' }
const notFound = error('The user has no such session.', { detail: 'Not found.' })

const LIVE_SESSION = {
  sid: '5e556f2e0f1b4d2c8a7b9c0d1e2f3a4b',
  created_at: '2026-11-22T12:00:00.000Z',
  last_used_at: '2026-11-22T12:05:00.000Z',
  expires_at: '2026-11-23T12:05:00.000Z',
  user_agent: 'curl/7.88.1',
  address: '127.0.0.1',
  current: true
}

export const listSessionsSchema = {
  summary: 'List the live sessions of the user.',
  tags: ['sessions'],
  response: {
    200: {
      description: 'The sessions, oldest first.',
      type: 'array',
      examples: [[LIVE_SESSION]],
      items: {
        type: 'object',
        required: Object.keys(LIVE_SESSION),
        properties: {
          sid: { type: 'string' },
          created_at: time,
          last_used_at: time,
          expires_at: time,
          user_agent: { type: ['string', 'null'] },
          address: { type: ['string', 'null'] },
          current: { type: 'boolean', description: 'Whether this request was made in it.' }
        }
      }
    },
    401: refused,
    503: unavailable
  }
}

export const endSessionsSchema = {
  summary: 'End all sessions of the user, this one too.',
  tags: ['sessions'],
  response: { 204: nothing, 401: refused, 503: unavailable }
}

export const endSessionSchema = {
  summary: 'End one session of the user.',
  tags: ['sessions'],
  params: { type: 'object', properties: { sid: { type: 'string' } } },
  response: { 204: nothing, 401: refused, 404: notFound, 503: unavailable }
}

export const jwksSchema = {
  summary: 'The public keys that tokens are verified with (RFC 7517).',
  tags: ['token'],
  response: {
    200: {
      description: 'A JWK set. It may be kept for as long as `Cache-Control` says.',
      type: 'object',
      properties: {
        keys: { type: 'array', items: { type: 'object', additionalProperties: true } }
      },
      examples: [
        {
          keys: [
            {
              kty: 'OKP',
              kid: 'kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k',
              use: 'sig',
              alg: 'EdDSA',
              crv: 'Ed25519',
              x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo'
            }
          ]
        }
      ]
    },
    404: error('All keys are secrets.', { detail: 'Not found.' })
  }
}
