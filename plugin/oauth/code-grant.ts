import type { FastifyRequest } from 'fastify'
import { reportRotation } from '../service/rotation-event.ts'
import { eventSubject, presentingClient } from '../sessions/client-info.ts'
import type { Session } from '../sessions/lifecycle.ts'
import { appClaims } from './app-claims.ts'
import type { AuthorizationServer } from './authorization-server.ts'
import type { Client } from './clients.ts'
import { type CodeClaims, verifiedCode } from './code.ts'
import { invalidGrant } from './errors.ts'
import {
  type AccessGrant, type Granted, type TokenAnswer, currentScopes, issueTokens, refuseLongTokens,
  rotateSession, userOfGrant
} from './grant.ts'
import { mintIdToken } from './id-token.ts'
import type { Parameters } from './parameters.ts'
import { OPENID } from './scopes.ts'

/**
 * Exchanges an authorization code for tokens (RFC 6749 section 4.1.3). A second exchange revokes
 * the session that the first one got (section 4.1.2).
 * @throws SimpleJwtError 400
 */
export async function exchangeCode (
  server: AuthorizationServer, client: Client, form: Parameters, request: FastifyRequest
): Promise<TokenAnswer> {
  const code = verifiedCode(server, client, form)
  const granted: Granted = {
    client, scope: code.scope, resource: code.resource, authTime: code.auth_time
  }
  const { access, idToken } = await prepare(server, code, granted, request)
  const session = await spend(server, code, request)
  server.core.emit(
    { type: 'code_exchanged', ...eventSubject(session, request) }, request.log)
  return { ...issueTokens(server, session, granted, access), ...idToken }
}

/** Does all that a code that is spent must not wait for, and that may fail. */
async function prepare (
  server: AuthorizationServer, code: CodeClaims, granted: Granted, request: FastifyRequest
): Promise<{ access: AccessGrant, idToken: { id_token?: string } }> {
  const session = await server.core.sessions.find(code.sid)
  if (session === null) throw withdrawn()
  const user = await userOfGrant(server, session.userId, request)
  const scopes = currentScopes(granted.client, code.scope)
  const custom = await appClaims(server, user, { client: granted.client, scopes })
  const access = { scopes, custom }
  refuseLongTokens(server, session, granted, access)
  return {
    access,
    idToken: scopes.includes(OPENID)
      ? { id_token: mintIdToken(server, session, granted, code.nonce) }
      : {}
  }
}

/** Spends a code: of any number of simultaneous exchanges exactly one gets the session. */
async function spend (
  server: AuthorizationServer, code: CodeClaims, request: FastifyRequest
): Promise<Session> {
  const presenting = presentingClient(request)
  const { outcome, session } =
    await rotateSession(server, code, presenting, { reuseInterval: 0 })
  if (session === null || outcome === 'ended') throw withdrawn()
  if (outcome === 'rotated') return session
  reportRotation(server.core, { outcome, session, what: 'code' }, presenting, request)
  throw invalidGrant(
    'The code was used before. All tokens that came of it have been ended.')
}

const withdrawn = () => invalidGrant('The code is expired, or its access was withdrawn.')
