import type { FastifyRequest } from 'fastify'
import type { AccessClaims, OAuthClaims } from '../tokens/claims.ts'
import type { AuthorizationServer } from './authorization-server.ts'
import { findActiveUser, remainingScopes } from './grant.ts'

type IntrospectionParts = Pick<AuthorizationServer, 'core' | 'options'>

/** An answer of the introspection endpoint (RFC 7662 section 2.2). Times in seconds. */
export type Introspection = { active: false } | {
  active: true
  token_type: 'Bearer'
  iss: unknown
  sub: unknown
  aud: unknown
  exp: number
  iat?: number
  jti: string
  /** Absent from the token of a user's own login. */
  client_id?: string
  scope?: string
  sid?: string
  auth_time?: number
}

type Verified = AccessClaims | OAuthClaims

const INACTIVE: Introspection = { active: false }

/**
 * Returns whether an access token is good now, and what a resource server needs of it. Reads the
 * session from the store. Refresh tokens and codes are never active: a resource server that
 * forwards what it got would take one for an access token.
 */
export async function introspectToken (
  server: IntrospectionParts, token: string, request: FastifyRequest
): Promise<Introspection> {
  const claims = verifiedAccess(server, token)
  if (claims === undefined) return INACTIVE
  // Before the share: the host of an app may be slow to send its metadata document.
  const scope = await currentScope(server, claims)
  if (scope === null) return INACTIVE
  const isGood = await server.core.inShare(request, async () =>
    await isSessionLive(server, claims) && await isUserActive(server, claims, request))
  if (!isGood) return INACTIVE
  const { iss, aud, exp, iat, jti, client_id: clientId, sid, auth_time: authTime } = claims
  return {
    active: true,
    token_type: 'Bearer',
    iss,
    sub: claims.token_type === 'client' ? claims.sub : claims.user_id,
    aud,
    exp,
    ...(iat !== undefined && { iat }),
    jti,
    ...(clientId !== undefined && { client_id: clientId }),
    ...(scope !== undefined && { scope }),
    ...(sid !== undefined && { sid }),
    ...(typeof authTime === 'number' && { auth_time: authTime })
  }
}

/** Verifies an access token of a user or of a client. */
function verifiedAccess (
  { core: { tokens }, options }: IntrospectionParts, token: string
): Verified | undefined {
  const ofUser = tokens.verifyAccess(token, options.resources)
  if (typeof ofUser !== 'string') return ofUser
  const ofClient = tokens.verifyForClient(token, 'client', options.resources)
  return typeof ofClient === 'string' ? undefined : ofClient
}

/** The token of a client has no session, nor has one that another server minted. */
async function isSessionLive (
  { core: { sessions, isRevoked } }: IntrospectionParts, claims: Verified
): Promise<boolean> {
  if (claims.token_type === 'client') return true
  if (claims.sid === undefined) return !await isRevoked(claims)
  const session = await sessions.find(claims.sid)
  return session !== null && sessions.isLive(session)
}

/**
 * Returns the scopes of a token that its client may still have, separated by spaces. Null: the
 * client is gone, or may have none of them. Undefined: a login of the user without scopes.
 */
async function currentScope (
  { options }: IntrospectionParts, { client_id: clientId, scope: claim }: Verified
): Promise<string | null | undefined> {
  const scope = typeof claim === 'string' ? claim : undefined
  if (clientId === undefined) return scope
  const client = await options.findClient(clientId)
  const scopes = client === null || scope === undefined ? [] : remainingScopes(client, scope)
  return scopes.length === 0 ? null : scopes.join(' ')
}

async function isUserActive (
  server: IntrospectionParts, claims: Verified, request: FastifyRequest
): Promise<boolean> {
  if (claims.token_type === 'client') return true
  return await findActiveUser(server, claims.user_id as string, request) !== null
}
