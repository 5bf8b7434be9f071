import type { Session } from '../sessions/lifecycle.ts'
import type { OAuthClaims } from '../tokens/claims.ts'
import type { Authorization } from './authorization.ts'
import type { AuthorizationServer } from './authorization-server.ts'
import type { Client } from './clients.ts'
import { invalidGrant, invalidRequest, oauthError } from './errors.ts'
import type { Parameters } from './parameters.ts'
import { isVerifierOf } from './pkce.ts'

type CodeParts = Pick<AuthorizationServer, 'core' | 'endpoints'>
type ResourceParts = Pick<AuthorizationServer, 'options'>

/** The claims of an authorization code. It names no user: its session does. */
export interface CodeClaims extends OAuthClaims {
  readonly sid: string
  readonly scope: string
  readonly resource: string
  readonly redirect_uri: string
  readonly code_challenge: string
  readonly nonce?: string
  /** When the user logged in, in seconds. */
  readonly auth_time: number
}

/** Returns the code of a session that no client has exchanged yet. */
export const mintCode = (
  { core, endpoints }: CodeParts,
  session: Session,
  authorization: Authorization & { authTime: number }
): string =>
  core.tokens.mintForClient('code', {
    exp: Math.floor(session.expiresAt / 1000),
    iat: Math.floor(session.issuedAt / 1000),
    jti: session.jti,
    aud: endpoints.token,
    sid: session.sid,
    client_id: authorization.client.id,
    scope: authorization.scopes.join(' '),
    resource: authorization.resource,
    redirect_uri: authorization.redirectUri,
    code_challenge: authorization.codeChallenge,
    nonce: authorization.nonce,
    auth_time: Math.floor(authorization.authTime / 1000)
  }, 'JWT')

/**
 * Verifies a code and the proof that its client sent it. Spends nothing: a stolen code without its
 * verifier cannot use up that of its owner.
 * @throws SimpleJwtError 400
 */
export function verifiedCode (
  server: CodeParts & ResourceParts, client: Client, form: Parameters
): CodeClaims {
  const { core, endpoints } = server
  const text = form.get('code')
  if (text === undefined) throw invalidRequest('The code is missing.')
  const claims = core.tokens.verifyForClient(text, 'code', endpoints.token)
  if (typeof claims === 'string') throw invalidGrant('The code is invalid or expired.')
  const code = claims as CodeClaims
  if (code.client_id !== client.id) throw invalidGrant('The code was issued to another client.')
  const redirectUri = form.get('redirect_uri')
  if (redirectUri !== undefined && redirectUri !== code.redirect_uri) {
    throw invalidGrant('The redirect_uri is not that of the authorization request.')
  }
  if (!isVerifierOf(code.code_challenge, form.get('code_verifier'))) {
    throw invalidGrant('The code_verifier is missing or wrong.')
  }
  checkResource(server, form, code.resource)
  return code
}

/**
 * Checks the resource of a grant. A client that gets `invalid_grant` asks its user again, and so
 * gets a resource that the server has now.
 * @throws SimpleJwtError 400 for a resource other than that of the grant, or one that was removed
 */
export function checkResource (
  { options }: ResourceParts, form: Parameters, resource: string
): void {
  if (!form.all('resource').every(asked => asked === resource)) {
    throw oauthError('invalid_target', 'The resource is not that of the authorization request.')
  }
  if (!options.resources.includes(resource)) {
    throw invalidGrant('The server has no tokens for the resource any more.')
  }
}
