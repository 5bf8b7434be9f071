import type { FastifyInstance } from 'fastify'
import type { KeyRing } from '../keys/key-ring.ts'

/** Where an app publishes its public keys, below the prefix of the scope. */
export const JWKS_PATH = '/.well-known/jwks.json'

/** The rings whose keys an app publishes together, by the prefix of their path: one for each registration. */
const published = new WeakMap<object, Map<string, KeyRing[]>>()

/**
 * Adds the keys of a registration to those that the app publishes. Returns all of them if they need a route: a second
 * registration joins the route of the first, and a host that has one of its own goes on with that (`app.tokens.jwks()` is for it).
 */
export function publish (host: FastifyInstance, ring: KeyRing): readonly KeyRing[] | undefined {
  const paths = published.get(host.server) ?? new Map<string, KeyRing[]>()
  published.set(host.server, paths)
  const rings = paths.get(host.prefix)
  if (rings !== undefined) {
    rings.push(ring)
    return undefined
  }
  if (host.hasRoute({ method: 'GET', url: host.prefix + JWKS_PATH })) return undefined
  const first = [ring]
  paths.set(host.prefix, first)
  return first
}
