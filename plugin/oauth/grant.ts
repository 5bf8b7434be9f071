import type { FastifyRequest } from 'fastify'
import { newId } from '../ids.ts'
import type { presentingClient } from '../sessions/client-info.ts'
import type { Session, SpentToken } from '../sessions/lifecycle.ts'
import type { RotationSettings } from '../sessions/session-rules.ts'
import type { AccessTokenSeed, RefreshTokenSeed } from '../tokens/jwt.ts'
import { type User, isActive } from '../user.ts'
import type { AuthorizationServer } from './authorization-server.ts'
import type { Client } from './clients.ts'
import { invalidGrant, oauthError } from './errors.ts'
import { words } from './scopes.ts'

/** The answer of the token endpoint (RFC 6749 section 5.1). */
export interface TokenAnswer {
  access_token: string
  token_type: 'Bearer'
  /** In seconds. */
  expires_in: number
  refresh_token?: string
  scope: string
  id_token?: string
}

type GrantParts = Pick<AuthorizationServer, 'core' | 'endpoints'>

/** Parts of a grant that no refresh changes. */
export interface Granted {
  client: Client
  /** The scopes of the session, separated by spaces. */
  scope: string
  resource: string
  /** When the user logged in, in seconds. */
  authTime: number
}

/** The access token to issue: its scopes, at most those of the grant, and its custom claims. */
export interface AccessGrant { scopes: readonly string[], custom: Record<string, unknown> }

/**
 * Issues the access token of a session (RFC 9068 section 2.2) and its current refresh token, which
 * has the same claims at each call.
 */
export function issueTokens (
  { core, endpoints }: GrantParts,
  session: RefreshTokenSeed & AccessTokenSeed,
  granted: Granted,
  access: AccessGrant
): TokenAnswer {
  const { options: { userIdClaim, accessTokenLifetime, now }, tokens } = core
  const { client, resource } = granted
  const subject = {
    client_id: client.id,
    [userIdClaim]: session.userId,
    sid: session.sid,
    auth_time: granted.authTime
  }
  const iat = now()
  const lifetime = Math.min(accessTokenLifetime, session.accessLifetime)
  const exp = Math.min(iat + lifetime, session.endsAt)
  return {
    access_token: tokens.mintForClient('access', {
      ...access.custom,
      ...subject,
      sub: session.userId,
      exp: toSeconds(exp),
      iat: toSeconds(iat),
      jti: newId(),
      aud: resource,
      scope: access.scopes.join(' ')
    }, 'at+jwt'),
    token_type: 'Bearer',
    expires_in: toSeconds(exp) - toSeconds(iat),
    ...(client.grants.has('refresh_token') && {
      refresh_token: tokens.mintForClient('grant', {
        ...subject,
        exp: toSeconds(session.expiresAt),
        iat: toSeconds(session.issuedAt),
        jti: session.jti,
        aud: endpoints.token,
        scope: granted.scope,
        resource
      }, 'JWT')
    }),
    scope: access.scopes.join(' ')
  }
}

const toSeconds = (ms: number): number => Math.floor(ms / 1000)

/** A shorter payload fits with any usual key and kid, so its tokens need not be minted twice. */
const SHORT_PAYLOAD_BYTES = 768

/**
 * Mints tokens as long as those of a session, since only their length counts in the end. Call it
 * before a token is spent.
 * @throws RangeError for a token that its recipient would refuse: a fault of the host
 */
export function refuseLongTokens (
  { core, endpoints }: GrantParts,
  { sid, userId }: Pick<Session, 'sid' | 'userId'>,
  granted: Granted,
  access: AccessGrant
): void {
  const { options: { issuer, now } } = core
  const { client, scope, resource } = granted
  const bytes = Buffer.byteLength(JSON.stringify(
    [sid, userId, userId, issuer, endpoints.token, client.id, scope, resource, access.custom]))
  if (bytes < SHORT_PAYLOAD_BYTES) return
  const time = now()
  const times = { issuedAt: time, expiresAt: time, endsAt: time, accessLifetime: 0 }
  issueTokens({ core, endpoints }, { sid, userId, jti: newId(), ...times }, granted, access)
}

/** Returns the scopes of a token that its client may still have. */
export const remainingScopes = (client: Client, scope: string): readonly string[] =>
  words(scope).filter(word => client.scopes.includes(word))

/**
 * Returns the scopes of a grant that the client may still have.
 * @throws SimpleJwtError 400 if none is left
 */
export function currentScopes (client: Client, scope: string): readonly string[] {
  const scopes = remainingScopes(client, scope)
  if (scopes.length > 0) return scopes
  throw oauthError('invalid_scope', 'The client may have none of the scopes any more.')
}

/**
 * Returns the user of a grant, as `findUser` knows it now.
 * @throws SimpleJwtError 400 if the user is gone or inactive
 */
export async function userOfGrant (
  server: Pick<AuthorizationServer, 'core'>, userId: string, request: FastifyRequest
): Promise<User> {
  const user = await findActiveUser(server, userId, request)
  if (user === null) throw invalidGrant('The user is gone or inactive.')
  return user
}

/** Returns a user as `findUser` knows it now, or null if the user is gone or inactive. */
export async function findActiveUser (
  { core }: Pick<AuthorizationServer, 'core'>, userId: string, request: FastifyRequest
): Promise<User | null> {
  const { findUser } = core.options
  const user = findUser === undefined ? { id: userId } : await findUser(userId, request)
  return !user || !isActive(user as User) ? null : user as User
}

/**
 * Spends a code or a refresh token. The session names the client of the signed token, because a
 * custom store may be older than the member `clientId`.
 */
export async function rotateSession (
  { core, options }: Pick<AuthorizationServer, 'core' | 'options'>,
  token: SpentToken & { client_id: string },
  presenting: ReturnType<typeof presentingClient>,
  { reuseInterval }: RotationSettings = {}
) {
  const { outcome, session } = await core.sessions.rotate(token, presenting, {
    refreshLifetime: options.refreshTokenLifetime, reuseInterval
  })
  return { outcome, session: session && { ...session, clientId: token.client_id } }
}
