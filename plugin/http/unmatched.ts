import type { FastifyInstance } from 'fastify'
import { methodNotAllowed, notFound } from '../errors.ts'
import { normalPath, requestPath } from './router-paths.ts'

/**
 * Handles requests under the prefix that match no route: OPTIONS (204 with `Allow`), other methods
 * (405 with `Allow`), other paths (404). Leaves CORS preflights to the host. Call it before the
 * routes of the scope, and `answerNotFound` after them.
 */
export function answerUnmatched (scope: FastifyInstance): void {
  const methodsOf = new Map<string, Set<string>>()

  scope.addHook('onRoute', ({ url, method }) => {
    const path = normalPath(scope, url)
    const methods = methodsOf.get(path) ?? new Set()
    for (const name of [method].flat()) methods.add(name)
    methodsOf.set(path, methods)
  })

  // In preParsing all onRequest hooks of the host have run, including later ones, and no body is
  // read yet.
  scope.addHook('preParsing', async (request, reply) => {
    if (!request.is404) return
    const path = requestPath(scope, request.url)
    const pattern = [...methodsOf.keys()].find(pattern => fits(pattern, path))
    if (pattern === undefined) throw notFound()
    const allow = [...methodsOf.get(pattern) as Set<string>, 'OPTIONS'].join(', ')
    if (request.method !== 'OPTIONS') throw methodNotAllowed(request.method, allow)
    return reply.code(204).header('allow', allow).send()
  })
}

/** Fastify needs a handler to run our hooks for 404s under the prefix. The hook above replies. */
export function answerNotFound (scope: FastifyInstance): void {
  scope.setNotFoundHandler(async () => { throw notFound() })
}

function fits (pattern: string, path: string): boolean {
  const wanted = pattern.split('/')
  const given = path.split('/')
  return (
    wanted.length === given.length &&
    wanted.every(
      (part, index) => part === given[index] || (part.startsWith(':') && given[index] !== '')
    )
  )
}
