import type { FastifyInstance } from 'fastify'

/** An option that changes how the router of an app stores and reads paths. */
type RouterOption =
  'ignoreTrailingSlash' | 'ignoreDuplicateSlashes' | 'caseSensitive' | 'useSemicolonDelimiter'

/** Returns whether the host set an option of the router, at either place where Fastify takes it. */
function isSet ({ initialConfig }: FastifyInstance, name: RouterOption, value: boolean): boolean {
  const { routerOptions, ...config } = initialConfig as
    Partial<Record<RouterOption, boolean>> & { routerOptions?: Record<RouterOption, boolean> }
  return config[name] === value || routerOptions?.[name] === value
}

/** Returns the paths of a route in a scope as the router stores them: without and with a slash. */
export function routerPaths (scope: FastifyInstance, url: string): string[] {
  const path = withoutSlash(singleSlashes(scope, withoutSlash(scope.prefix) + url))
  const paths = isSet(scope, 'ignoreTrailingSlash', true) ? [path] : [path, `${path}/`]
  return paths.filter(path => path !== '')
}

/** Returns whether the app has a route for a method and a path of the scope, in either spelling. */
export const hasRoute = (scope: FastifyInstance, method: string, url: string): boolean =>
  routerPaths(scope, url).some(path => scope.hasRoute({ method: method as 'GET', url: path }))

/** Returns one text for all spellings of a path that the router takes for the same. */
export function normalPath (scope: FastifyInstance, path: string): string {
  const single = withoutSlash(singleSlashes(scope, path))
  return isSet(scope, 'caseSensitive', false) ? single.toLowerCase() : single
}

/** Returns the path of a request as the router reads it: decoded, without a query or an origin. */
export function requestPath (scope: FastifyInstance, url: string): string {
  const end = isSet(scope, 'useSemicolonDelimiter', true) ? /[?;].*$/s : /\?.*$/s
  return normalPath(scope, decodeURI(url.replace(/^https?:\/\/[^/?]*/i, '').replace(end, '')))
}

const singleSlashes = (scope: FastifyInstance, path: string): string =>
  isSet(scope, 'ignoreDuplicateSlashes', true) ? path.replace(/\/{2,}/g, '/') : path

const withoutSlash = (path: string): string => path.endsWith('/') ? path.slice(0, -1) : path
