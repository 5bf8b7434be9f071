import type { FastifySerializerCompiler } from 'fastify'

/**
 * Replies as plain JSON. It stands in for the serializer compiler in the scope of the token routes:
 * the host's may be for schemas of another kind, and Fastify's would cut an error of the host (from
 * a hook of its own, say) to the members that our schemas name.
 */
export const compileSerializer: FastifySerializerCompiler<unknown> = () => data =>
  JSON.stringify(data instanceof Error ? asFastifySays(data) : data)

/**
 * Fastify hands an error with these members made readable. In this order it sends them where there
 * is no schema.
 */
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
