import type { AuthorizationServer } from './authorization-server.ts'
import { OPENID } from './scopes.ts'

const WELL_KNOWN = '/.well-known/oauth-protected-resource'

/** The characters of a path that the router reads as they are, except `:`. */
const ROUTABLE = /^[\w.~!$&'()+,;=:@/-]*$/

/** A resource, and the URL of its metadata as the router takes it. */
export interface DescribedResource { resource: string, url: string }

/**
 * Returns the resources that have metadata here: those at the origin of the issuer. The path of a
 * resource comes after the well-known path (RFC 9728 section 3.1). A resource with a query, a
 * fragment, or `%` or `*` in its path has none.
 */
export const describedResources = (
  { options, endpoints }: Pick<AuthorizationServer, 'options' | 'endpoints'>
): DescribedResource[] => {
  const { origin } = new URL(endpoints.issuer)
  return options.resources.flatMap(resource => {
    if (/[?#]/.test(resource) || !URL.canParse(resource)) return []
    const { protocol, host, pathname } = new URL(resource)
    if (`${protocol}//${host}` !== origin || !ROUTABLE.test(pathname)) return []
    const path = pathname.replace(/\/$/, '')
    // The router takes `:` for the start of a parameter, and `::` for a colon.
    return [{ resource, url: WELL_KNOWN + path.replaceAll(':', '::') }]
  })
}

/** Scopes that say nothing about a resource: for the ID token, and for refresh tokens. */
const NOT_OF_RESOURCES = [OPENID, 'offline_access']

/**
 * Returns the metadata of a resource (RFC 9728 section 2), for all servers that issue tokens for
 * it. A member without a value is absent (section 3.2).
 */
export function resourceMetadataOf (
  resource: string, servers: readonly Pick<AuthorizationServer, 'options' | 'endpoints'>[]
): Record<string, unknown> {
  const scopes = new Set(servers.flatMap(({ options }) => [...options.scopes.keys()]))
  for (const scope of NOT_OF_RESOURCES) scopes.delete(scope)
  return {
    resource,
    authorization_servers: servers.map(({ endpoints }) => endpoints.issuer),
    ...(scopes.size > 0 && { scopes_supported: [...scopes] }),
    bearer_methods_supported: ['header']
  }
}
