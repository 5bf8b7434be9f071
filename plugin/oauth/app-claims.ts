import { refuseReserved, refuseUnclaimable } from '../service/claim-values.ts'
import type { Account, User } from '../user.ts'
import type { AuthorizationServer } from './authorization-server.ts'
import type { Client } from './clients.ts'

const MAX_CLAIMS_BYTES = 2048

/** Claims that only the plugin may write for an app. The guards read `scp` as they read `scope`. */
const WRITTEN = ['scope', 'scp', 'auth_time']

/**
 * Returns the custom claims for an access token of an app. Call it before a token is spent, so that
 * a throw costs the user nothing.
 * @throws TypeError or RangeError for claims that no token can carry: a fault of the host
 */
export async function appClaims (
  { core, options }: Pick<AuthorizationServer, 'core' | 'options'>,
  user: User,
  { client, scopes }: { client: Client, scopes: readonly string[] }
): Promise<Record<string, unknown>> {
  const given: unknown =
    await options.claims?.(user as Account, { client: client.given, scopes }) ?? {}
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    throw new TypeError('fastify-simplejwt/oauth: claims() must resolve to an object.')
  }
  refuseUnclaimable(given)
  refuseReserved(given, core.options.userIdClaim, 'the result of claims()')
  const written = WRITTEN.find(name => Object.hasOwn(given, name))
  if (written !== undefined) {
    throw new TypeError('fastify-simplejwt/oauth: the result of claims() has the claim ' +
      `"${written}", which the plugin writes itself. Choose another name.`)
  }
  if (Buffer.byteLength(JSON.stringify(given)) > MAX_CLAIMS_BYTES) {
    throw new RangeError('fastify-simplejwt/oauth: custom claims must take at most ' +
      `${MAX_CLAIMS_BYTES} bytes as JSON. Return fewer claims from claims().`)
  }
  return { ...given }
}
