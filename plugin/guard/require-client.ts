import type { FastifyRequest } from 'fastify'
import { claimsOrThrow } from '../errors.ts'
import type { OAuthClaims } from '../tokens/claims.ts'
import type { GuardBuilder, GuardParts } from './authenticate.ts'
import { credentialsOf, tokenOf } from './credentials.ts'
import { type Authenticate, createGuardOf, setUser } from './guard-hook.ts'
import { checkScopes, hasScopes, requiring } from './scopes.ts'

/** The frozen claims of an OAuth client's own token: `request.client` after `requireClient`. */
export interface ClientClaims extends OAuthClaims {
  readonly token_type: 'client'
  /** The granted scopes, separated by spaces. */
  readonly scope: string
}

/**
 * Builds a guard for OAuth clients that act for themselves (client credentials, RFC 6749 section
 * 4.4). It sets `request.client`, and `request.user` to null. The token must have all of the
 * scopes, else the guard answers 403 with `error="insufficient_scope"`. Any other kind of token is
 * a 401.
 * @throws TypeError for a name that is not a scope (RFC 6749 section 3.3)
 */
export type RequireClient = (...scopes: string[]) => Authenticate

/** Checks the scopes. @throws TypeError */
export function clientGuard (scopes: readonly string[]): GuardBuilder {
  checkScopes('requireClient', scopes)
  return given => {
    const parts = requiring(scopes.join(' '), given)
    return createGuardOf(request => {
      const token = presentedToken(request, parts)
      const missing = parts.tokens.missingKey(token)
      return missing === undefined
        ? verifiedClient(token, scopes, parts)
        : missing.then(() => verifiedClient(token, scopes, parts))
    }, setClient)
  }
}

/** @throws SimpleJwtError 401 for a request without a token */
function presentedToken (request: FastifyRequest, parts: GuardParts): string {
  const credentials = credentialsOf(request, parts)
  const token = credentials === undefined ? undefined : tokenOf(credentials, parts)
  if (token === undefined) throw parts.unauthorized.noCredentials()
  return token
}

/** A token of a client has no session to revoke. The cache holds only tokens of users. */
function verifiedClient (
  token: string, scopes: readonly string[], { tokens, unauthorized }: GuardParts
): ClientClaims {
  const verified = tokens.verifyForClient(token, 'client')
  const claims = claimsOrThrow(verified, unauthorized.refusedByGuard)
  if (!isOfScopes(claims)) throw unauthorized.refusedByGuard('Token is invalid')
  if (!hasScopes(claims, scopes)) throw unauthorized.insufficientScope(scopes.join(' '))
  return claims
}

const isOfScopes = (claims: OAuthClaims): claims is ClientClaims =>
  typeof claims.scope === 'string'

function setClient (request: FastifyRequest, claims: ClientClaims): void {
  request.client = claims
  setUser(request, null)
}
