import type { FastifyRequest } from 'fastify'
import { newId } from '../ids.ts'
import { resourceOf } from './authorization-request.ts'
import type { AuthorizationServer } from './authorization-server.ts'
import type { Client } from './clients.ts'
import { oauthError } from './errors.ts'
import type { TokenAnswer } from './grant.ts'
import type { Parameters } from './parameters.ts'
import { OPENID, words } from './scopes.ts'

/**
 * Issues an access token to a client itself (RFC 6749 section 4.4). It has no session, so it cannot
 * be revoked and has no refresh token.
 * @throws SimpleJwtError 400
 */
export function issueToClient (
  { core, options }: AuthorizationServer, client: Client, form: Parameters, request: FastifyRequest
): TokenAnswer {
  const scopes = scopesOf(client, form)
  const resource = resourceOf(form, options.resources)
  if (resource === undefined) {
    throw oauthError('invalid_target', 'The resource must be one that the server has tokens for.')
  }
  const { now, accessTokenLifetime } = core.options
  const iat = Math.floor(now() / 1000)
  const lifetime = Math.floor(accessTokenLifetime / 1000)
  const scope = scopes.join(' ')
  const accessToken = core.tokens.mintForClient('client', {
    exp: iat + lifetime,
    iat,
    jti: newId(),
    aud: resource,
    sub: client.id,
    client_id: client.id,
    scope
  }, 'at+jwt')
  core.emit({
    type: 'client_authenticated', clientId: client.id, address: request.ip
  }, request.log)
  return { access_token: accessToken, token_type: 'Bearer', expires_in: lifetime, scope }
}

/**
 * Returns the scopes of the token. Without a parameter `scope`: all that the client may have. There
 * is no user for `openid`.
 */
function scopesOf (client: Client, form: Parameters): readonly string[] {
  const asked = form.get('scope')
  const scopes = (asked === undefined ? client.scopes : words(asked))
    .filter(scope => client.scopes.includes(scope) && scope !== OPENID)
  if (scopes.length > 0) return scopes
  throw oauthError('invalid_scope', 'The client may have none of the scopes.')
}
