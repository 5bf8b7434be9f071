import { createHash } from 'node:crypto'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { methodNotAllowed, notFound } from '../errors.ts'
import { route } from '../http/trailing-slash.ts'
import { jwkSet } from '../keys/jwk.ts'
import type { KeyRing } from '../keys/key-ring.ts'
import { jwksSchema } from './schemas.ts'

/** The path of the public keys, under the prefix of the scope. */
export const JWKS_PATH = '/.well-known/jwks.json'

/** The key rings of all registrations of an app, by the prefix of their path. */
const ringsByPrefix = new WeakMap<object, Map<string, KeyRing[]>>()

/**
 * Adds the keys of a registration to the published ones. Returns all rings if they need a route.
 * Returns undefined if the first registration has made the route, or the host has its own.
 */
export function publish (host: FastifyInstance, ring: KeyRing): readonly KeyRing[] | undefined {
  const published = ringsByPrefix.get(host.server) ?? new Map<string, KeyRing[]>()
  ringsByPrefix.set(host.server, published)
  const rings = published.get(host.prefix)
  if (rings !== undefined) {
    rings.push(ring)
    return undefined
  }
  if (host.hasRoute({ method: 'GET', url: host.prefix + JWKS_PATH })) return undefined
  const first = [ring]
  published.set(host.prefix, first)
  return first
}

/** Clients may cache the keys for this time. Publish a new key this long before it signs. */
const MAX_AGE_SECONDS = 300
const ALLOW = 'GET, HEAD, OPTIONS'

/**
 * Serves the public keys of an app (RFC 7517 section 5). Answers 404 while all keys are secrets.
 */
export function jwksRoute (scope: FastifyInstance, rings: readonly KeyRing[]): void {
  route(scope, {
    method: 'GET',
    url: JWKS_PATH,
    schema: jwksSchema,
    handler: async (request, reply) => {
      const keys = rings.flatMap(ring => ring.publicKeys())
      if (keys.length === 0) throw notFound()
      const body = JSON.stringify(jwkSet(keys))
      const etag = `"${createHash('sha256').update(body).digest('base64url')}"`
      reply.headers({ 'cache-control': `public, max-age=${MAX_AGE_SECONDS}`, etag })
      if (isKnown(request.headers['if-none-match'], etag)) return reply.code(304).send()
      return reply.type('application/jwk-set+json; charset=utf-8').send(body)
    }
  })

  route(scope, {
    method: ['POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'],
    url: JWKS_PATH,
    schema: { hide: true } as object,
    // The hook replies before the body is read. Fastify still requires a handler.
    onRequest: answerOtherMethod,
    handler: answerOtherMethod
  })
}

async function answerOtherMethod (
  request: FastifyRequest, reply: FastifyReply
): Promise<FastifyReply> {
  if (request.method !== 'OPTIONS') throw methodNotAllowed(request.method, ALLOW)
  return reply.code(204).header('allow', ALLOW).send()
}

/** RFC 9110 section 13.1.2: weak comparison with each entry of a list. */
const isKnown = (ifNoneMatch: string | undefined, etag: string): boolean =>
  ifNoneMatch === '*' ||
  (ifNoneMatch ?? '').split(',').some(tag => tag.trim().replace(/^W\//, '') === etag)
