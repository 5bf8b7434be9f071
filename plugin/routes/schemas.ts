import type { FieldsSchema } from '../http/body-validation.ts'
import type { Registration } from '../registration.ts'
import {
  TOKENS, consumes, elsewhere, empty, error, fields, invalid, refreshToken,
  refused, throttled, token, unavailable
} from './schema-parts.ts'

type InCookie = Registration['transport']['inCookie']

// JSON schemas of the routes. @fastify/swagger shows them, and body-validation.ts uses them.

/** The body with the refresh token. In cookie mode it is empty, or only apps send the token. */
const carried = (inCookie: InCookie) => {
  if (inCookie === true) return fields({}, {})
  const body = fields({ refresh: refreshToken }, { refresh: TOKENS.refresh })
  return inCookie === 'browsers'
    ? { ...body, required: [], description: 'Of apps. A browser sends the cookie instead.' }
    : body
}
const IN_COOKIE = {
  true: ' The refresh token is in the cookie.',
  browsers: ' The refresh token of a browser is in the cookie, that of an app in the body.',
  false: ''
}
const answered = (
  inCookie: InCookie, description: string, tokens: ('access' | 'refresh')[]
) => {
  const names = inCookie === true ? ['access' as const] : tokens
  return {
    description: description + IN_COOKIE[`${inCookie}`],
    type: 'object',
    required: inCookie === 'browsers' ? ['access'] : names,
    properties: Object.fromEntries(names.map(name => [name, token(`The ${name} token.`)])),
    examples: [Object.fromEntries(names.map(name => [name, TOKENS[name]]))]
  }
}
const refusals = (inCookie: InCookie) =>
  ({ ...(inCookie !== false && { 403: elsewhere }), 503: unavailable })

/** The options that the schema of the login route depends on. */
export type LoginSchemaOptions = Pick<
  Registration['options'],
  'usernameField' | 'usernameMaxLength' | 'loginFields' | 'loginResponse'
>

/** The fields of every login. */
export const loginFieldSchemas = (
  { usernameField, usernameMaxLength: maxLength }:
  Pick<LoginSchemaOptions, 'usernameField' | 'usernameMaxLength'>
): FieldsSchema['properties'] => ({
  [usernameField]: { type: 'string', maxLength, description: 'The login name.' },
  password: { type: 'string', format: 'password', description: 'The password, not trimmed.' }
})

function loginBody (options: LoginSchemaOptions) {
  const { usernameField, loginFields } = options
  const body = fields(loginFieldSchemas(options), { [usernameField]: 'vitor', password: '123' })
  const required = Object.keys(loginFields)
    .filter(name => !('default' in (loginFields[name] as object)))
  return {
    ...body,
    required: [...body.required, ...required],
    properties: { ...body.properties, ...loginFields },
    additionalProperties: true
  }
}

export const obtainSchema = (options: LoginSchemaOptions, inCookie: InCookie) => ({
  summary: 'Log in: exchange a user name and a password for a refresh and an access token.',
  tags: ['token'],
  consumes,
  body: loginBody(options),
  response: {
    200: {
      ...answered(inCookie, 'The pair of a new session.', ['refresh', 'access']),
      ...(options.loginResponse !== undefined && { additionalProperties: true })
    },
    400: invalid('password'),
    401: error('Unknown user, wrong password or inactive user.', {
      detail: 'No active account found with the given credentials',
      code: 'no_active_account'
    }),
    429: throttled,
    ...refusals(inCookie)
  }
})

export const refreshSchema = (inCookie: InCookie, rotates: boolean) => ({
  summary: 'Exchange a refresh token for a new access token and, with rotation, its successor.',
  tags: ['token'],
  consumes,
  body: carried(inCookie),
  response: {
    200: rotates
      ? answered(
        inCookie, 'A new access token, and the successor of the refresh token.',
        ['access', 'refresh'])
      : answered(false, 'A new access token. The refresh token stays good.', ['access']),
    400: invalid('refresh'),
    401: refused,
    429: throttled,
    ...refusals(inCookie)
  }
})

export const verifySchema = {
  summary: 'Verify a token of either kind.',
  tags: ['token'],
  consumes,
  body: fields({ token: token('An access or refresh token.') }, { token: TOKENS.access }),
  response: { 200: empty, 400: invalid('token'), 401: refused, 429: throttled, 503: unavailable }
}

export const blacklistSchema = (inCookie: InCookie) => ({
  summary: 'Log out: revoke the session of a refresh token.',
  tags: ['token'],
  consumes,
  body: carried(inCookie),
  response: {
    200: empty, 400: invalid('refresh'), 401: refused, 429: throttled, ...refusals(inCookie)
  }
})

export const jwksSchema = {
  summary: 'The public keys that tokens are verified with (RFC 7517).',
  tags: ['token'],
  response: {
    200: {
      description: 'A JWK set. `Cache-Control` says how long to cache it.',
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
