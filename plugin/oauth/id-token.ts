import { newId } from '../ids.ts'
import type { Session } from '../sessions/lifecycle.ts'
import type { AuthorizationServer } from './authorization-server.ts'
import type { Granted } from './grant.ts'

type IdTokenParts = Pick<AuthorizationServer, 'core'>

/**
 * Returns the ID token of a login (OpenID Connect Core section 2). Lives as long as an access
 * token. Unlike a code it may be minted before the code is spent: it opens nothing here.
 * @throws RangeError for a token that its recipient would refuse: a fault of the host
 */
export function mintIdToken (
  { core }: IdTokenParts,
  { sid, userId, endsAt }: Pick<Session, 'sid' | 'userId' | 'endsAt'>,
  { client, authTime }: Pick<Granted, 'client' | 'authTime'>,
  nonce: string | undefined
): string {
  const { now, accessTokenLifetime } = core.options
  const iat = now()
  return core.tokens.mintForClient('id', {
    exp: Math.floor(Math.min(iat + accessTokenLifetime, endsAt) / 1000),
    iat: Math.floor(iat / 1000),
    jti: newId(),
    sub: userId,
    aud: client.id,
    nonce,
    auth_time: authTime,
    sid
  }, 'JWT')
}

/**
 * Returns the user of an ID token that a client sends back as `id_token_hint`. The token may be
 * expired. Returns undefined for any text that is not an ID token of the client.
 */
export function hintedUser (
  { core }: IdTokenParts, clientId: string, token: string
): string | undefined {
  const claims = core.tokens.verifyForClient(token, 'id', clientId, Infinity)
  return typeof claims === 'string' ? undefined : claims.sub as string
}
