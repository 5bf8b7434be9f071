/**
 * Body of an error reply, in the shape that djangorestframework-simplejwt puts on the wire. An
 * OAuth endpoint answers that of RFC 6749 section 5.2.
 */
export type ErrorBody =
  | { detail: string, code?: string, messages?: GuardMessage[] }
  | { error: string, error_description: string, detail?: never, code?: never }
  | Record<string, string[]>

/** An entry of `messages` in the guard's replies: the expected kind of token, and the refusal. */
export interface GuardMessage { token_class: 'AccessToken', token_type: 'access', message: Refusal }

/** Why a token or its session is refused. The texts are part of SimpleJWT's wire format. */
export type Refusal =
  | 'Token is invalid'
  | 'Token is expired'
  | 'Token is blacklisted'
  | "Token has no 'exp' claim"
  | 'Token has no id'
  | 'Token has no type'
  | 'Token has wrong type'
  | 'Token contained no recognizable user identification'
  | 'User not found'

/** A refusal: its status, stable code, reply body and headers. */
export class SimpleJwtError extends Error {
  /** HTTP status of the reply. */
  readonly statusCode: number
  /** Stable, machine-readable name of the refusal. Also in the body if SimpleJWT has it there. */
  readonly code: string
  /** The reply body. */
  readonly body: ErrorBody
  /** `WWW-Authenticate`, `Retry-After` or `Allow`, if the status requires one (RFC 9110). */
  readonly headers: Readonly<Record<string, string>>

  constructor (
    statusCode: number,
    code: string,
    body: ErrorBody,
    headers: Record<string, string> = {}
  ) {
    // Refusals are expected. The stack trace says nothing and is expensive under a flood.
    const { stackTraceLimit } = Error
    Error.stackTraceLimit = 0
    const message = body.detail ?? body.error_description
    super(typeof message === 'string' ? message : 'The request body is not valid.')
    Error.stackTraceLimit = stackTraceLimit
    this.name = 'SimpleJwtError'
    this.statusCode = statusCode
    this.code = code
    this.body = body
    this.headers = headers
  }
}

/** Returns the claims, or throws the refusal as built by `toError`. */
export function claimsOrThrow<Claims extends object> (
  verified: Claims | Refusal, toError: (refusal: Refusal) => SimpleJwtError
): Claims {
  if (typeof verified === 'string') throw toError(verified)
  return verified
}

/**
 * Returns what a callback of the host threw, as an Error with its HTTP status. Fastify answers a
 * thrown text with 200, and takes a null in a hook for success.
 */
export function asError (thrown: unknown, callback: string): Error {
  if (thrown instanceof Error) return thrown
  const error = new Error(
    `fastify-simplejwt: ${callback} threw a value that is not an Error. Throw an Error.`,
    { cause: thrown }
  )
  const statusCode = statusOf(thrown)
  return statusCode === 0 ? error : Object.assign(error, { statusCode })
}

/** Returns the HTTP status of a thrown value, 400 to 599. Returns 0 if it has none. */
export function statusOf (thrown: unknown): number {
  const { statusCode, status } = (thrown ?? {}) as { statusCode?: unknown, status?: unknown }
  const number = Number(statusCode ?? status)
  return number >= 400 && number < 600 ? number : 0
}

const seconds = (count: number): string => count === 1 ? '1 second' : `${count} seconds`

export const invalidFields = (fields: Record<string, string[]>): SimpleJwtError =>
  new SimpleJwtError(400, 'invalid', fields)

export const parseError = (reason: string): SimpleJwtError =>
  new SimpleJwtError(400, 'parse_error', { detail: `JSON parse error - ${reason}` })

export const notFound = (): SimpleJwtError =>
  new SimpleJwtError(404, 'not_found', { detail: 'Not found.' })

export const methodNotAllowed = (method: string, allow: string): SimpleJwtError =>
  new SimpleJwtError(
    405, 'method_not_allowed', { detail: `Method "${method}" not allowed.` }, { allow }
  )

export const unsupportedMediaType = (mediaType: string): SimpleJwtError =>
  new SimpleJwtError(415, 'unsupported_media_type', {
    detail: `Unsupported media type "${mediaType}" in request.`
  })

/** A refusal by Fastify before the handler: a body that is too large, cut short and so on. */
export const badRequest = (statusCode: number, detail: string): SimpleJwtError =>
  new SimpleJwtError(statusCode, 'bad_request', { detail })

export const throttled = (wait: number): SimpleJwtError =>
  new SimpleJwtError(429, 'throttled',
    { detail: `Request was throttled. Expected available in ${seconds(wait)}.`, code: 'throttled' },
    { 'retry-after': String(wait) })

/** In cookie mode: a page of another origin sent the request, and its browser added the cookie. */
export const crossOrigin = (): SimpleJwtError =>
  new SimpleJwtError(403, 'csrf_failed', {
    detail: 'CSRF Failed: the request came from another origin.',
    code: 'csrf_failed'
  })

/** The store did not answer. The client keeps its token and retries. */
export const storeUnavailable = (): SimpleJwtError =>
  new SimpleJwtError(503, 'store_unavailable',
    { detail: 'The session store is not available. Try again.', code: 'store_unavailable' },
    { 'retry-after': '1' })

/** The issuer's keys could not be fetched, so the token may be good. */
export const keysUnavailable = (wait: number): SimpleJwtError =>
  new SimpleJwtError(503, 'keys_unavailable',
    { detail: "The issuer's public keys are not available. Try again.", code: 'keys_unavailable' },
    { 'retry-after': String(wait) })

/** The 401s and the 403. Their challenge (RFC 6750 section 3) names the registration's realm. */
export interface Unauthorized {
  noCredentials(): SimpleJwtError
  badAuthorizationHeader(): SimpleJwtError
  /** The guard refused a token. */
  refusedByGuard(refusal: Refusal): SimpleJwtError
  /** A token route refused the token in the body. */
  refused(refusal: Refusal): SimpleJwtError
  wrongCredentials(): SimpleJwtError
  noActiveAccount(): SimpleJwtError
  userInactive(): SimpleJwtError
  /** The token is good but lacks claims. `scope` lists the required scopes, separated by spaces. */
  insufficientScope(scope: string): SimpleJwtError
  /** The refusals of a route that requires scopes. Its 401s list them, with `resourceMetadata`. */
  withScope(scope: string): Unauthorized
}

const parameter = (name: string, value = ''): string => value === '' ? '' : `, ${name}="${value}"`

/** With `resourceMetadata` each challenge has that URL (RFC 9728 section 5.1). */
export function createUnauthorized (
  realm: string, resourceMetadata?: string, required = ''
): Unauthorized {
  const end = parameter('resource_metadata', resourceMetadata)
  const challenge = (error?: string, scope = required) => ({
    'www-authenticate':
      `Bearer realm="${realm}"${parameter('error', error)}${parameter('scope', scope)}${end}`
  })
  const refuse = (code: string, body: ErrorBody, error?: 'invalid_token' | 'invalid_request') =>
    new SimpleJwtError(401, code, body, challenge(error))

  const tokenNotValid = (detail: string, messages?: GuardMessage[]) => refuse('token_not_valid',
    { detail, code: 'token_not_valid', ...(messages && { messages }) }, 'invalid_token')

  const userNotFound = () =>
    refuse('user_not_found', { detail: 'User not found', code: 'user_not_found' }, 'invalid_token')

  return {
    noCredentials: () =>
      refuse('not_authenticated', { detail: 'Authentication credentials were not provided.' }),
    badAuthorizationHeader: () => refuse('bad_authorization_header', {
      detail: 'Authorization header must contain two space-delimited values',
      code: 'bad_authorization_header'
    }, 'invalid_request'),
    refusedByGuard: refusal => {
      if (refusal === 'User not found') return userNotFound()
      if (refusal === 'Token contained no recognizable user identification') {
        return tokenNotValid(refusal)
      }
      return tokenNotValid('Given token not valid for any token type',
        [{ token_class: 'AccessToken', token_type: 'access', message: refusal }])
    },
    refused: refusal => refusal === 'User not found' ? userNotFound() : tokenNotValid(refusal),
    wrongCredentials: () => refuse('no_active_account',
      { detail: 'No active account found with the given credentials', code: 'no_active_account' }),
    noActiveAccount: () => refuse('no_active_account',
      { detail: 'No active account found for the given token.', code: 'no_active_account' },
      'invalid_token'),
    userInactive: () => refuse('user_inactive',
      { detail: 'User is inactive', code: 'user_inactive' }, 'invalid_token'),
    insufficientScope: scope => new SimpleJwtError(403, 'permission_denied',
      { detail: 'You do not have permission to perform this action.', code: 'permission_denied' },
      challenge('insufficient_scope', scope)),
    withScope: scope =>
      createUnauthorized(realm, resourceMetadata, resourceMetadata === undefined ? '' : scope)
  }
}
