import type { FastifyRequest } from 'fastify'
import { reportRotation } from '../service/rotation-event.ts'
import { presentingClient } from '../sessions/client-info.ts'
import type { Session } from '../sessions/lifecycle.ts'
import type { OAuthClaims } from '../tokens/claims.ts'
import { appClaims } from './app-claims.ts'
import type { AuthorizationServer } from './authorization-server.ts'
import type { Client } from './clients.ts'
import { checkResource } from './code.ts'
import { invalidGrant, invalidRequest, oauthError } from './errors.ts'
import {
  type Granted, type TokenAnswer, currentScopes, issueTokens, refuseLongTokens, rotateSession,
  userOfGrant
} from './grant.ts'
import type { Parameters } from './parameters.ts'
import { isSubset, words } from './scopes.ts'

/** The claims of the refresh token of a client. */
interface GrantClaims extends OAuthClaims {
  readonly user_id: string
  readonly sid: string
  readonly scope: string
  readonly resource: string
  readonly auth_time: number
}

/**
 * Exchanges the refresh token of a client (RFC 6749 section 6). Rotates it always, whatever
 * `rotateRefreshTokens` says (RFC 9700 section 4.14.2).
 * @throws SimpleJwtError 400, or 429 for a request over the limit of its session
 */
export async function refreshGrant (
  server: AuthorizationServer, client: Client, form: Parameters, request: FastifyRequest
): Promise<TokenAnswer> {
  const { core } = server
  const presented = verifiedGrant(server, client, form)
  await core.rateLimiter.refreshPerSession('oauth', presented, request)
  const scopes = narrowedScopes(client, presented, form)
  const user = await userOfGrant(server, presented.user_id, request)
  const custom = await appClaims(server, user, { client, scopes })
  const granted: Granted = {
    client, scope: presented.scope, resource: presented.resource, authTime: presented.auth_time
  }
  const access = { scopes, custom }
  refuseLongTokens(server, { sid: presented.sid, userId: presented.user_id }, granted, access)
  return issueTokens(server, await rotate(server, presented, request), granted, access)
}

function verifiedGrant (
  server: AuthorizationServer, client: Client, form: Parameters
): GrantClaims {
  const { core, endpoints } = server
  const token = form.get('refresh_token')
  if (token === undefined) throw invalidRequest('The refresh_token is missing.')
  const claims = core.tokens.verifyForClient(token, 'grant', endpoints.token)
  if (typeof claims === 'string') throw invalidGrant('The refresh_token is invalid or expired.')
  const grant = claims as GrantClaims
  if (grant.client_id !== client.id) {
    throw invalidGrant('The refresh_token was issued to another client.')
  }
  checkResource(server, form, grant.resource)
  return grant
}

/**
 * Returns the scopes of the new access token: those of the grant that the client may still have,
 * or fewer if it asks for fewer.
 */
function narrowedScopes (
  client: Client, grant: GrantClaims, form: Parameters
): readonly string[] {
  const granted = currentScopes(client, grant.scope)
  const asked = form.get('scope')
  if (asked === undefined) return granted
  const scopes = words(asked)
  if (scopes.length > 0 && isSubset(scopes, granted)) return scopes
  throw oauthError('invalid_scope', 'The scope must be part of the scope that was granted.')
}

async function rotate (
  server: AuthorizationServer, presented: GrantClaims, request: FastifyRequest
): Promise<Session> {
  const presenting = presentingClient(request)
  const { outcome, session } = await rotateSession(server, presented, presenting)
  if (session === null || outcome === 'ended') {
    throw invalidGrant('The refresh_token is expired, or its access was withdrawn.')
  }
  reportRotation(server.core, { outcome, session }, presenting, request)
  if (outcome === 'reused') {
    throw invalidGrant('The refresh_token was used before. Its session is revoked.')
  }
  return session
}
