import type { AuthorizationServer } from './authorization-server.ts'
import type { Client } from './clients.ts'
import { type RedirectError, type RedirectErrorCode, invalidRequest } from './errors.ts'
import { hintedUser } from './id-token.ts'
import type { Parameters } from './parameters.ts'
import { isChallenge } from './pkce.ts'
import { matchRedirectUri } from './redirect-uris.ts'
import { OPENID, words } from './scopes.ts'

/** A checked authorization request (RFC 6749 section 4.1.1). */
export interface AuthorizationRequest {
  readonly client: Client
  /** As the client asked. */
  readonly redirectUri: string
  readonly state: string | undefined
  /** The scopes that the client may have, of those that it asks for. Default: all but openid. */
  readonly scopes: readonly string[]
  readonly resource: string
  readonly codeChallenge: string
  readonly nonce: string | undefined
  readonly prompt: string | undefined
  /** In seconds. */
  readonly maxAge: number | undefined
  readonly loginHint: string | undefined
  readonly uiLocales: string | undefined
  /** The user id of the `id_token_hint`. */
  readonly expectedUser: string | undefined
}

/** The place that a browser goes back to: a client, its redirect URI and its state. */
export type ReturnAddress = Pick<AuthorizationRequest, 'client' | 'redirectUri' | 'state'>

/**
 * Returns the place that the browser goes back to.
 * @throws SimpleJwtError 400 if the client or its redirect URI is unknown: a redirect would make
 *   the server an open redirector (RFC 9700 section 4.11)
 */
export async function returnAddressOf (
  { options }: Pick<AuthorizationServer, 'options'>, parameters: Parameters
): Promise<ReturnAddress> {
  if (parameters.repeated !== undefined) throw invalidRequest('A parameter is there twice.')
  const client = await options.findClient(parameters.get('client_id') ?? '')
  if (client === null) throw invalidRequest('The client_id is missing or unknown.')
  const redirectUri = matchRedirectUri(client.redirectUris, parameters.get('redirect_uri'))
  if (redirectUri === undefined) {
    throw invalidRequest('The redirect_uri is missing, or not registered for the client.')
  }
  return { client, redirectUri, state: parameters.get('state') }
}

const refusal = (error: RedirectErrorCode, description: string): RedirectError =>
  ({ error, description })

/** Returns the request, or the error that the client gets by a redirect. */
export function checkAuthorizationRequest (
  { core, options }: Pick<AuthorizationServer, 'core' | 'options'>,
  address: ReturnAddress,
  parameters: Parameters
): AuthorizationRequest | RedirectError {
  const { client } = address
  const problem = problemOf(parameters)
  if (problem !== undefined) return problem
  if (!client.grants.has('authorization_code')) {
    return refusal('unauthorized_client', 'The client may not use the grant authorization_code.')
  }
  const scopes = scopesOf(parameters, client)
  if (scopes.length === 0) {
    return refusal('invalid_scope', 'The client may have none of the scopes.')
  }
  const resource = resourceOf(parameters, options.resources)
  if (resource === undefined) {
    return refusal('invalid_target', 'The resource must be one that the server has tokens for.')
  }
  const unclear = loginProblem(parameters)
  if (unclear !== undefined) return unclear
  const hint = parameters.get('id_token_hint')
  const expectedUser = hint === undefined ? undefined : hintedUser({ core }, client.id, hint)
  if (hint !== undefined && expectedUser === undefined) {
    return refusal('invalid_request', 'The id_token_hint must be an ID token of the client.')
  }
  const maxAge = parameters.get('max_age')
  const request = {
    ...address,
    scopes,
    resource,
    codeChallenge: parameters.get('code_challenge') as string,
    nonce: parameters.get('nonce'),
    prompt: parameters.get('prompt'),
    maxAge: maxAge === undefined ? undefined : Number(maxAge),
    loginHint: parameters.get('login_hint'),
    uiLocales: parameters.get('ui_locales'),
    expectedUser
  }
  return isTooLong(request)
    ? refusal('invalid_request', 'The parameters are too long.')
    : request
}

/** A client that knows no scope leaves them out, and gets a default (RFC 6749 section 3.3). */
function scopesOf (parameters: Parameters, { scopes }: Client): string[] {
  const asked = parameters.get('scope')
  return asked === undefined
    ? scopes.filter(scope => scope !== OPENID)
    : words(asked).filter(scope => scopes.includes(scope))
}

/** A longer payload may exceed the length of a token with a large key. */
const MAX_PAYLOAD_BYTES = 4096

/** The token has the request as JSON, with two bytes for a `"` and six for a control character. */
const isTooLong = ({ client, ...members }: AuthorizationRequest): boolean =>
  Buffer.byteLength(JSON.stringify([client.id, members])) > MAX_PAYLOAD_BYTES

/** Returns the resource that a client asks for (RFC 8707 section 2), or undefined. */
export function resourceOf (
  parameters: Parameters, resources: readonly string[]
): string | undefined {
  const asked = parameters.all('resource')
  if (asked.length === 0) return resources[0]
  return asked.length === 1 ? resources.find(resource => resource === asked[0]) : undefined
}

const NOT_SUPPORTED = [
  ['request', 'request_not_supported'],
  ['request_uri', 'request_uri_not_supported'],
  ['registration', 'registration_not_supported']
] as const

function problemOf (parameters: Parameters): RedirectError | undefined {
  const unsupported = NOT_SUPPORTED.find(([name]) => parameters.get(name) !== undefined)
  if (unsupported !== undefined) {
    return refusal(unsupported[1], `The parameter ${unsupported[0]} is not supported.`)
  }
  return responseProblem(parameters) ?? pkceProblem(parameters)
}

function responseProblem (parameters: Parameters): RedirectError | undefined {
  const type = parameters.get('response_type')
  if (type === undefined) return refusal('invalid_request', 'The response_type is missing.')
  if (type !== 'code') {
    return refusal('unsupported_response_type', 'The response_type must be code.')
  }
  return (parameters.get('response_mode') ?? 'query') === 'query'
    ? undefined
    : refusal('invalid_request', 'The response_mode must be query.')
}

/** PKCE is required of every client, with S256 only, so there is nothing to downgrade to. */
function pkceProblem (parameters: Parameters): RedirectError | undefined {
  return isChallenge(parameters.get('code_challenge')) &&
    parameters.get('code_challenge_method') === 'S256'
    ? undefined
    : refusal('invalid_request',
      'PKCE is required: send a code_challenge with the code_challenge_method S256.')
}

function loginProblem (parameters: Parameters): RedirectError | undefined {
  const maxAge = parameters.get('max_age')
  if (maxAge !== undefined && !/^\d{1,15}$/.test(maxAge)) {
    return refusal('invalid_request', 'The max_age must be a whole number of seconds.')
  }
  const prompts = words(parameters.get('prompt'))
  return prompts.includes('none') && prompts.length > 1
    ? refusal('invalid_request', 'The prompt none excludes other prompts.')
    : undefined
}
