import { SimpleJwtError } from '../errors.ts'
import { newId } from '../ids.ts'
import type { OAuthClaims } from '../tokens/claims.ts'
import type { AuthorizationRequest } from './authorization-request.ts'
import type { AuthorizationServer } from './authorization-server.ts'
import type { Client } from './clients.ts'
import type { RedirectError } from './errors.ts'
import { matchRedirectUri } from './redirect-uris.ts'
import { words } from './scopes.ts'

/** The time that a user has to log in and decide. */
const LIFETIME_SECONDS = 600

type MintParts = Pick<AuthorizationServer, 'core' | 'endpoints'>

/**
 * Returns a checked request as a signed text, which the consent page carries. So the server stores
 * nothing for a visitor who is not logged in, and sets no cookie that could be lost.
 */
export const mintAuthorization = (server: MintParts, request: AuthorizationRequest): string =>
  mint(server, request.client, {
    scope: request.scopes.join(' '),
    resource: request.resource,
    redirect_uri: request.redirectUri,
    state: request.state,
    code_challenge: request.codeChallenge,
    nonce: request.nonce,
    prompt: request.prompt,
    max_age: request.maxAge,
    login_hint: request.loginHint,
    ui_locales: request.uiLocales,
    expected_user: request.expectedUser
  })

/** Returns the error of a request as a signed text, which the consent page shows. */
export const mintRefusal = (
  server: MintParts, client: Client, { error, description }: RedirectError
): string => mint(server, client, { error, error_description: description })

function mint ({ core, endpoints }: MintParts, client: Client, claims: object): string {
  const iat = Math.floor(core.options.now() / 1000)
  return core.tokens.mintForClient('authorization', {
    exp: iat + LIFETIME_SECONDS,
    iat,
    jti: newId(),
    aud: endpoints.token,
    client_id: client.id,
    ...claims
  }, 'JWT')
}

/** An authorization request that waits for the user's decision. */
export interface Authorization extends AuthorizationRequest {
  /** When the client asked, in milliseconds. */
  readonly askedAt: number
}

/**
 * Reads the text of `mintAuthorization`. The client and the options may have changed since.
 * @throws SimpleJwtError 400 for a bad or expired text, one of `mintRefusal`, or a client that may
 *   not ask any more
 */
export async function readAuthorization (
  { core, options, endpoints }: Pick<AuthorizationServer, 'core' | 'options' | 'endpoints'>,
  text: unknown
): Promise<Authorization> {
  const claims = core.tokens.verifyForClient(text as string, 'authorization', endpoints.token)
  if (typeof claims === 'string') throw authorizationNotValid()
  if (claims.error !== undefined) throw requestRefused(claims)
  const client = await options.findClient(claims.client_id)
  const { redirect_uri: redirectUri } = claims as OAuthClaims & { redirect_uri: string }
  if (
    client === null || !client.grants.has('authorization_code') ||
    matchRedirectUri(client.redirectUris, redirectUri) === undefined ||
    !options.resources.includes(claims.resource as string)
  ) {
    throw authorizationNotValid()
  }
  const scopes = words(claims.scope as string).filter(scope => client.scopes.includes(scope))
  if (scopes.length === 0) throw authorizationNotValid()
  return {
    client,
    redirectUri,
    state: claims.state as string | undefined,
    scopes,
    resource: claims.resource as string,
    codeChallenge: claims.code_challenge as string,
    nonce: claims.nonce as string | undefined,
    prompt: claims.prompt as string | undefined,
    maxAge: claims.max_age as number | undefined,
    loginHint: claims.login_hint as string | undefined,
    uiLocales: claims.ui_locales as string | undefined,
    expectedUser: claims.expected_user as string | undefined,
    askedAt: claims.iat * 1000
  }
}

const authorizationNotValid = (): SimpleJwtError =>
  new SimpleJwtError(400, 'authorization_not_valid', {
    detail: 'The authorization request is invalid or expired. Start again from the app.',
    code: 'authorization_not_valid'
  })

const requestRefused = ({ error, error_description: detail }: OAuthClaims): SimpleJwtError =>
  new SimpleJwtError(400, error as string, { detail: detail as string, code: error as string })
