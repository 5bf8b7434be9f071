import type { Authorization } from './authorization.ts'
import type { AuthorizationServer } from './authorization-server.ts'
import { isLoopback, isPrivateScheme } from './redirect-uris.ts'
import { isSubset, words } from './scopes.ts'

type ConsentParts = Pick<AuthorizationServer, 'core' | 'options'>

/**
 * Returns whether the page must ask the user. The live sessions of the client are the memory of
 * consent: while one has all of the scopes, the user is not asked again. A session whose code waits
 * does not count: a silent login that lost a race with a logout leaves one.
 */
export async function mustAsk (
  { core, options }: ConsentParts, authorization: Authorization, userId: string
): Promise<boolean> {
  const { client, scopes, prompt, redirectUri } = authorization
  if (client.fromDocument || words(prompt).includes('consent')) return true
  if (client.trusted) return false
  // Any program can take the URI of a public native client, so another may ask (RFC 8252 8.6).
  const isImitable = client.secretHash === undefined &&
    (isLoopback(redirectUri) || isPrivateScheme(redirectUri))
  // A session does not know its resource, and a scope may mean another thing elsewhere.
  if (isImitable || options.resources.length > 1) return true
  const sessions = await core.sessions.list(userId)
  return !sessions.some(({ clientId, scope, rotatedAt }) =>
    clientId === client.id && rotatedAt !== null && isSubset(scopes, words(scope ?? '')))
}

/** Tolerated lead of the clock of another process of the host. */
const CLOCK_SKEW_MS = 60_000

/** Returns whether a value is the time of a login. One in the future would always be recent. */
export const isLoginTime = (time: unknown, now: number): time is number =>
  Number.isFinite(time) && time as number <= now + CLOCK_SKEW_MS

/**
 * Returns whether the login of the user is recent enough for the request (`prompt=login` and
 * `max_age` of OpenID Connect Core section 3.1.2.1). A login since the request always is.
 */
export function isLoginRecent (
  { core }: Pick<AuthorizationServer, 'core'>,
  { prompt, maxAge, askedAt }: Authorization,
  authTime: number
): boolean {
  if (authTime >= askedAt) return true
  if (words(prompt).includes('login')) return false
  return maxAge === undefined || core.options.now() - authTime <= maxAge * 1000
}
