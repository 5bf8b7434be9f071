import { createHash } from 'node:crypto'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { methodNotAllowed, notFound } from '../errors.ts'
import { jwkSet } from '../keys/jwk.ts'
import type { KeyRing } from '../keys/key-ring.ts'
import { JWKS_PATH } from './published-keys.ts'
import { route } from '../http/trailing-slash.ts'
import { jwksSchema } from './schemas.ts'

/** How long others may keep our keys, in seconds. A new key is published for so long before it signs. */
const MAX_AGE = 300
const ALLOW = 'GET, HEAD, OPTIONS'

/** The public keys of an app (RFC 7517 section 5). Not found while all keys are secrets. */
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
      reply.headers({ 'cache-control': `public, max-age=${MAX_AGE}`, etag })
      if (isKnown(request.headers['if-none-match'], etag)) return reply.code(304).send()
      return reply.type('application/jwk-set+json; charset=utf-8').send(body)
    }
  })

  route(scope, {
    method: ['POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'],
    url: JWKS_PATH,
    schema: { hide: true } as object,
    // The hook answers, before any body is read; a handler there must be.
    onRequest: answerOther,
    handler: answerOther
  })
}

async function answerOther (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  if (request.method !== 'OPTIONS') throw methodNotAllowed(request.method, ALLOW)
  return reply.code(204).header('allow', ALLOW).send()
}

/** RFC 9110 section 13.1.2: weak comparison with any of a list. */
const isKnown = (ifNoneMatch: string | undefined, etag: string): boolean =>
  ifNoneMatch === '*' || (ifNoneMatch ?? '').split(',').some(tag => tag.trim().replace(/^W\//, '') === etag)
