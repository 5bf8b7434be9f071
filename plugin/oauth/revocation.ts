import type { FastifyRequest } from 'fastify'
import { revokePresented, revokeSession } from '../service/revoke.ts'
import type { AuthorizationServer } from './authorization-server.ts'
import type { Client } from './clients.ts'
import { oauthError } from './errors.ts'

type RevocationParts = Pick<AuthorizationServer, 'core' | 'options' | 'endpoints'>

/** The claims of a token of a kind that clients get. */
interface ClientToken {
  readonly token_type: 'grant' | 'access' | 'client'
  readonly jti: string
  /** Absent from an access token of a user's own login. */
  readonly client_id?: string
  /** Both are absent from a `client` token. */
  readonly user_id: string
  readonly sid?: string
}

/**
 * Revokes the session of a refresh or access token of a client, so all of its tokens (RFC 7009
 * section 2.1). Does nothing for a token that is unknown, expired or of another client, and returns
 * false.
 * @throws SimpleJwtError 400 for a token without a session, or 429 over the limit of the session
 */
export async function revokeToken (
  server: RevocationParts, client: Client, token: string, request: FastifyRequest
): Promise<boolean> {
  const { core } = server
  const presented = verifiedToken(server, token)
  if (presented === undefined || presented.client_id !== client.id) return false
  if (presented.token_type === 'client') {
    throw oauthError('unsupported_token_type',
      'An access token of client credentials cannot be revoked. It expires by itself.')
  }
  const { sid, jti, user_id: userId } = presented
  if (sid === undefined) return false
  await core.rateLimiter.refreshPerSession('oauth', presented, request)
  // The session names the client of the signed token: a custom store may not know `clientId`.
  const clientId = client.id
  if (presented.token_type === 'access') {
    await revokeSession(core, { sid, userId, clientId }, request)
    return true
  }
  const session = await core.sessions.find(sid)
  if (session === null || !core.sessions.isLive(session)) return true
  await revokePresented(core, { ...session, clientId }, jti, request)
  return true
}

function verifiedToken (
  { core: { tokens }, options, endpoints }: RevocationParts, token: string
): ClientToken | undefined {
  const verified = [
    () => tokens.verifyForClient(token, 'grant', endpoints.token),
    () => tokens.verifyAccess(token, options.resources),
    () => tokens.verifyForClient(token, 'client', options.resources)
  ]
  for (const verify of verified) {
    const claims = verify()
    if (typeof claims !== 'string') return claims as ClientToken
  }
  return undefined
}
