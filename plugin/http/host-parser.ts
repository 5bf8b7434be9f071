import type { FastifyInstance, FastifyRequest } from 'fastify'

/** A content type parser that gets the request and not its text. */
export type StreamParser = (
  request: FastifyRequest, payload: unknown, done: (error: Error | null, body?: unknown) => void
) => unknown

/** A parser as Fastify stores it. */
interface Stored { asString: boolean, asBuffer: boolean, fn: StreamParser }

/**
 * Returns the host's own parser of a content type, if it does not want Fastify to read the stream.
 * Fastify's default parsers do. Fastify has no public way to call a parser of another scope. If a
 * later version stores them elsewhere, this finds none.
 */
export function hostParser (host: FastifyInstance, type: string): StreamParser | undefined {
  const symbol = Object.getOwnPropertySymbols(host)
    .find(({ description }) => description === 'fastify.contentTypeParser')
  const parsers = (host as unknown as Record<symbol, unknown>)[symbol as symbol] as
    { getParser?(type: string): Stored | undefined } | undefined
  const parser = parsers?.getParser?.(type)
  return parser === undefined || parser.asString || parser.asBuffer ? undefined : parser.fn
}
