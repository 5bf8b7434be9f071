import type { FastifySerializerCompiler } from 'fastify'

/**
 * Replies with plain JSON. Replaces the serializer compiler in the scope of the token routes. The
 * host's may expect other schemas. Fastify's would cut an error of a host's hook to the members of
 * our schemas.
 */
export const compileSerializer: FastifySerializerCompiler<unknown> = () => data =>
  JSON.stringify(data instanceof Error ? asFastifySays(data) : data)

/** Returns the members that Fastify sends for an error without a schema, in the same order. */
function asFastifySays (
  error: Error & { statusCode?: number, code?: string, error?: string }
): object {
  return {
    statusCode: error.statusCode,
    code: error.code,
    error: error.error,
    message: error.message
  }
}
