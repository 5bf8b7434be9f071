import type { FastifyError } from 'fastify'
import { SimpleJwtError } from '../errors.ts'

/**
 * Error codes of the endpoints for clients (RFC 6749 section 5.2, RFC 7009 section 2.2.1, RFC 8707
 * section 2).
 */
export type OAuthErrorCode =
  | 'invalid_request'
  | 'invalid_client'
  | 'invalid_grant'
  | 'unauthorized_client'
  | 'unsupported_grant_type'
  | 'unsupported_token_type'
  | 'invalid_scope'
  | 'invalid_target'
  | 'temporarily_unavailable'

/**
 * Error codes that go to the client by a redirect (RFC 6749 section 4.1.2.1, OpenID Connect Core
 * section 3.1.2.6).
 */
export type RedirectErrorCode =
  | OAuthErrorCode
  | 'unsupported_response_type'
  | 'access_denied'
  | 'login_required'
  | 'consent_required'
  | 'request_not_supported'
  | 'request_uri_not_supported'
  | 'registration_not_supported'
  | 'server_error'

/** An expected refusal of an authorization request, which the client gets by a redirect. */
export interface RedirectError { error: RedirectErrorCode, description: string }

/**
 * A refusal in the form of RFC 6749 section 5.2. The description is ASCII without `"` and `\`, and
 * must not repeat text of the request.
 */
export const oauthError = (
  code: OAuthErrorCode, description: string, status = 400, headers: Record<string, string> = {}
): SimpleJwtError =>
  new SimpleJwtError(status, code, { error: code, error_description: description }, headers)

export const invalidRequest = (description: string): SimpleJwtError =>
  oauthError('invalid_request', description)

export const invalidGrant = (description: string): SimpleJwtError =>
  oauthError('invalid_grant', description)

/** The same answer for an unknown client, a wrong secret and a missing one. */
export const invalidClient = (): SimpleJwtError =>
  oauthError('invalid_client', 'The client is unknown, or its secret is wrong.', 401,
    { 'www-authenticate': 'Basic realm="oauth", charset="UTF-8"' })

/** Returns whether Fastify refused a body: too large, cut short, or of another content type. */
const isBodyRefusal = (error: unknown): boolean =>
  error instanceof Error && String((error as FastifyError).code).startsWith('FST_ERR_CTP_')

/**
 * Returns a refusal in the form of RFC 6749, also one of Fastify or of the core: a bad body, a
 * limit, a store that does not answer. Returns any other value as it is.
 */
export function asOAuthError (error: unknown): unknown {
  if (isBodyRefusal(error)) {
    return invalidRequest('The body is too long, cut short, or not ' +
      'application/x-www-form-urlencoded.')
  }
  if (!(error instanceof SimpleJwtError) || 'error' in error.body) return error
  const { statusCode, headers } = error
  if (statusCode === 429) {
    return oauthError('temporarily_unavailable', 'Too many requests. Try again.', 429, headers)
  }
  if (statusCode === 503) {
    return oauthError('temporarily_unavailable', 'The server is busy. Try again.', 503, headers)
  }
  return statusCode === 400 ? invalidRequest('The request is malformed.') : error
}
