import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { methodNotAllowed, notFound } from '../errors.ts'
import { allowAnyOrigin, fromAnyOrigin } from '../http/any-origin.ts'
import { sendCacheable } from '../http/cacheable-reply.ts'
import { hasRoute, normalPath, routerPaths } from '../http/router-paths.ts'
import { route } from '../http/trailing-slash.ts'
import { jwkSet } from '../keys/jwk.ts'
import type { KeyRing } from '../keys/key-ring.ts'
import { jwksSchema } from './schemas.ts'

/** The path of the public keys, under the prefix of the scope. */
export const JWKS_PATH = '/.well-known/jwks.json'

/** The key rings of all registrations, by their app and the path of the route. */
const ringsByApp = new WeakMap<object, Map<string, KeyRing[]>>()

/**
 * Adds the keys of a registration to the published ones. Returns all rings if they need a route.
 * Returns undefined if the first registration has made the route, or the host has its own.
 */
export function publish (host: FastifyInstance, ring: KeyRing): readonly KeyRing[] | undefined {
  // One server may serve several apps, at once or one after the other. Each app has its own config
  // object, which its scopes inherit.
  const app = host.initialConfig
  const published = ringsByApp.get(app) ?? new Map<string, KeyRing[]>()
  ringsByApp.set(app, published)
  const path = normalPath(host, routerPaths(host, JWKS_PATH)[0] as string)
  const rings = published.get(path)
  if (rings !== undefined) {
    rings.push(ring)
    return undefined
  }
  if (hasRoute(host, 'GET', JWKS_PATH)) return undefined
  const first = [ring]
  published.set(path, first)
  return first
}

const OTHER_METHODS = ['POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'] as const

/**
 * Serves the public keys of an app (RFC 7517 section 5). Answers 404 while all keys are secrets.
 */
export function jwksRoute (scope: FastifyInstance, rings: readonly KeyRing[]): void {
  route(scope, {
    method: 'GET',
    url: JWKS_PATH,
    // RFC 9110 section 9.1: all servers must support GET and HEAD.
    exposeHeadRoute: true,
    schema: jwksSchema,
    // Pages of other origins verify tokens too, and the keys are public.
    onRequest: fromAnyOrigin,
    handler: async (request, reply) => {
      const keys = rings.flatMap(ring => ring.publicKeys())
      if (keys.length === 0) throw notFound()
      const body = JSON.stringify(jwkSet(keys))
      return sendCacheable(request, reply, body, 'application/jwk-set+json; charset=utf-8')
    }
  })

  const taken = OTHER_METHODS.filter(method => hasRoute(scope, method, JWKS_PATH))
  const allow = [...new Set(['GET', 'HEAD', ...taken, 'OPTIONS'])].join(', ')
  const answer = async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
    if (request.method !== 'OPTIONS') throw methodNotAllowed(request.method, allow)
    allowAnyOrigin(reply)
    return reply.code(204).headers({ allow, 'access-control-allow-headers': '*' }).send()
  }
  for (const method of OTHER_METHODS) {
    if (taken.includes(method)) continue
    route(scope, {
      method,
      url: JWKS_PATH,
      schema: { hide: true } as object,
      // The hook replies before the body is read. Fastify still requires a handler.
      onRequest: answer,
      handler: answer
    })
  }
}
