import { createHash } from 'node:crypto'
import type { FastifyReply, FastifyRequest } from 'fastify'

/**
 * Clients may cache public keys and metadata for this time. Publish a new key this long before it
 * signs.
 */
const MAX_AGE_SECONDS = 300

/** Sends a public document with its ETag, or 304 to a client that has it. */
export function sendCacheable (
  request: FastifyRequest, reply: FastifyReply, body: string, type: string
): FastifyReply {
  const etag = `"${createHash('sha256').update(body).digest('base64url')}"`
  reply.headers({ 'cache-control': `public, max-age=${MAX_AGE_SECONDS}`, etag })
  if (isKnown(request.headers['if-none-match'], etag)) return reply.code(304).send()
  return reply.type(type).send(body)
}

/** RFC 9110 section 13.1.2: weak comparison with each entry of a list. */
const isKnown = (ifNoneMatch: string | undefined, etag: string): boolean =>
  ifNoneMatch === '*' ||
  (ifNoneMatch ?? '').split(',').some(tag => tag.trim().replace(/^W\//, '') === etag)
