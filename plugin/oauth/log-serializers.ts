import type { FastifyInstance, FastifyRequest } from 'fastify'

/** The type that Fastify gives a serializer, which may return an object too. */
type Serialize = (request: FastifyRequest) => string

/** pino keeps the serializers of a logger here, and another logger may have none. */
const SERIALIZERS = Symbol.for('pino.serializers')

/**
 * Returns serializers that log a request without its query, otherwise as the app does. Fastify logs
 * the URL of each request, and the query of an authorization request has the state of the client.
 */
export function withoutQueries (app: FastifyInstance): Record<string, Serialize> {
  const { [SERIALIZERS]: own } = app.log as { [SERIALIZERS]?: Record<string, Serialize> }
  const serialize = own?.req
  if (serialize === undefined) return {}
  return {
    req: request =>
      serialize(Object.create(request, { url: { value: request.url.replace(/\?.*/s, '') } }))
  }
}
