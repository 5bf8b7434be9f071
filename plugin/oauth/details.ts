import type { Authorization } from './authorization.ts'
import type { AuthorizationServer } from './authorization-server.ts'
import type { AuthorizationDetails } from './options.ts'
import { isLoopback, redirectHost } from './redirect-uris.ts'

/** Returns the parts of an authorization request that the consent page shows. */
export function detailsOf (
  { options }: Pick<AuthorizationServer, 'options'>, authorization: Authorization
): AuthorizationDetails {
  const { client: { id, name, uri, trusted }, scopes, redirectUri } = authorization
  return {
    client: { id, name, ...(uri !== undefined && { uri }), trusted },
    scopes: scopes.map(name => ({ name, description: options.scopes.get(name) as string })),
    resource: authorization.resource,
    redirectHost: redirectHost(redirectUri),
    loopback: isLoopback(redirectUri),
    prompt: authorization.prompt,
    maxAge: authorization.maxAge,
    loginHint: authorization.loginHint,
    uiLocales: authorization.uiLocales
  }
}
