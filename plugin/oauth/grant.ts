import type { FastifyRequest } from 'fastify'
import { newId } from '../ids.ts'
import type { Session } from '../sessions/lifecycle.ts'
import { type User, isActive } from '../user.ts'
import type { AuthorizationServer } from './authorization-server.ts'
import type { Client } from './clients.ts'
import { invalidGrant } from './errors.ts'

/** The answer of the token endpoint (RFC 6749 section 5.1). */
export interface TokenAnswer {
  access_token: string
  token_type: 'Bearer'
  /** In seconds. */
  expires_in: number
  refresh_token?: string
  scope: string
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
  { core, endpoints }: GrantParts, session: Session, granted: Granted, access: AccessGrant
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

/** A longer payload may exceed the length of a token with a large key. */
const MAX_PAYLOAD_BYTES = 4096

/**
 * Refuses claims that make a token too long. Call it before a token is spent.
 * @throws RangeError: a fault of the host
 */
export function refuseLongTokens (
  { core }: Pick<AuthorizationServer, 'core'>, userId: string, parts: Granted & AccessGrant
): void {
  const { issuer } = core.options
  const { scope, resource, custom, client } = parts
  const bytes = Buffer.byteLength(
    JSON.stringify([issuer, userId, userId, scope, resource, client.id, custom]))
  if (bytes <= MAX_PAYLOAD_BYTES) return
  throw new RangeError(`fastify-simplejwt/oauth: the claims of the access token take ${bytes} ` +
    `bytes. At most ${MAX_PAYLOAD_BYTES} are accepted. Return fewer claims from claims(), or ` +
    'shorten the names of the scopes.')
}

/**
 * Returns the user of a grant, as `findUser` knows it now.
 * @throws SimpleJwtError 400 if the user is gone or inactive
 */
export async function userOfGrant (
  { core }: Pick<AuthorizationServer, 'core'>, userId: string, request: FastifyRequest
): Promise<User> {
  const { findUser } = core.options
  const user = findUser === undefined ? { id: userId } : await findUser(userId, request)
  if (!user || !isActive(user as User)) throw invalidGrant('The user is gone or inactive.')
  return user as User
}
