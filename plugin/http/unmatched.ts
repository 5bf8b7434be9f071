import type { FastifyInstance } from 'fastify'
import { methodNotAllowed, notFound } from '../errors.ts'

/**
 * Answers below the prefix what no route does: OPTIONS (204 with `Allow`), another method (405 with
 * `Allow`), another path (404). A CORS preflight is the host's.
 */
export function answerUnmatched (scope: FastifyInstance): void {
  const methodsOf = new Map<string, Set<string>>()

  scope.addHook('onRoute', ({ url, method }) => {
    const methods = methodsOf.get(withoutSlash(url)) ?? new Set()
    for (const name of [method].flat()) methods.add(name)
    methodsOf.set(withoutSlash(url), methods)
  })

  // Every onRequest hook of the host has run by now, even one that it added later; no body was read
  // yet.
  scope.addHook('preParsing', async (request, reply) => {
    if (!request.is404) return
    const path = withoutSlash(pathOf(request.url))
    const pattern = [...methodsOf.keys()].find(pattern => fits(pattern, path))
    if (pattern === undefined) throw notFound()
    const allow = [...methodsOf.get(pattern) as Set<string>, 'OPTIONS'].join(', ')
    if (request.method !== 'OPTIONS') throw methodNotAllowed(request.method, allow)
    return reply.code(204).header('allow', allow).send()
  })

  // Never reached: the hook above has answered. It makes 404s below the prefix ours.
  scope.setNotFoundHandler(async () => { throw notFound() })
}

/**
 * The path as the router has read it: without query, decoded, also from a request line that names
 * the whole URL.
 */
const pathOf = (url: string): string =>
  decodeURI(url.replace(/^https?:\/\/[^/?]*/i, '').replace(/\?.*$/s, ''))

const withoutSlash = (path: string): string => path.endsWith('/') ? path.slice(0, -1) : path

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
