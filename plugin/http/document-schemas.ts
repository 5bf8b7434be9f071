import type { FastifyInstance } from 'fastify'

/** For @fastify/swagger: a route with this option skips the transform of the document. */
const UNCHANGED = {
  swaggerTransform: <Schema>({ schema, url }: { schema: Schema, url: string }) => ({ schema, url })
}

/**
 * Documents the JSON schemas of the scope as they are. A host with its own validator compiler has
 * schemas of another kind, such as zod's, and the transform of its document takes no others.
 */
export function documentSchemas (scope: FastifyInstance, host: FastifyInstance): void {
  if (host.validatorCompiler === undefined) return
  scope.addHook('onRoute', options => {
    options.config = Object.assign({}, UNCHANGED, options.config)
  })
}
