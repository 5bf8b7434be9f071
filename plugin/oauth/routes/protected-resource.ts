import type { FastifyInstance } from 'fastify'
import { hasRoute, normalPath, routerPaths } from '../../http/router-paths.ts'
import type { AuthorizationServer } from '../authorization-server.ts'
import { describedResources, resourceMetadataOf } from '../protected-resource.ts'
import { serveMetadata } from './metadata.ts'
import { protectedResourceSchema } from './schemas.ts'

/** A resource, and the registrations of the app that issue tokens for it. */
interface Described { resource: string, servers: AuthorizationServer[] }

/** The resources of each app by the path of their route. */
const resourcesByApp = new WeakMap<object, Map<string, Described>>()

/**
 * Serves the metadata of the resources at the issuer's origin. A route that the app has already
 * stays: it may describe the resource better.
 * @throws Error for two resources with one path
 */
export function protectedResourceRoutes (
  scope: FastifyInstance, server: AuthorizationServer
): void {
  const described = resourcesByApp.get(scope.initialConfig) ?? new Map<string, Described>()
  resourcesByApp.set(scope.initialConfig, described)
  for (const { resource, url } of describedResources(server)) {
    const path = normalPath(scope, routerPaths(scope, url)[0] as string)
    const known = described.get(path)
    if (known !== undefined) {
      refuseOther(resource, known.resource)
      known.servers.push(server)
    } else if (!hasRoute(scope, 'GET', url)) {
      const servers = [server]
      described.set(path, { resource, servers })
      serveMetadata(scope, url, protectedResourceSchema,
        () => JSON.stringify(resourceMetadataOf(resource, servers)))
    }
  }
}

function refuseOther (resource: string, known: string): void {
  if (resource === known) return
  throw new Error(`fastify-simplejwt/oauth: the resources "${known}" and "${resource}" have the ` +
    'same URL for their metadata. Use one of the two in "audience" and "resources".')
}
