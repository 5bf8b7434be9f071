import type {
  FastifyInstance, RawReplyDefaultExpression, RawRequestDefaultExpression, RawServerDefault,
  RouteGenericInterface, RouteOptions
} from 'fastify'
import { refuse } from '../option-checks.ts'
import { hasRoute, routerPaths } from './router-paths.ts'
import type { Place } from './token-paths.ts'

type Options<Route extends RouteGenericInterface> = RouteOptions<
  RawServerDefault,
  RawRequestDefaultExpression,
  RawReplyDefaultExpression,
  Route
>

/**
 * Declares a route with and without its trailing slash. API documents show it once. Fastify itself
 * handles `/`. A hook of the host may change a schema, so each route gets a copy of all its parts.
 * @param option that decides the path
 * @throws TypeError if the app has such a route
 */
export function route<Route extends RouteGenericInterface = RouteGenericInterface> (
  scope: FastifyInstance, options: Options<Route>, option: Place['option'] = 'prefix'
): void {
  refuseTaken(scope, options.method as string, options.url, option)
  const schema = () => JSON.parse(JSON.stringify(options.schema ?? {})) as object
  scope.route<Route>({ ...options, schema: schema() })
  if (options.url === '/' || routerPaths(scope, options.url).length === 1) return
  scope.route<Route>({
    ...options,
    url: `${options.url}/`,
    schema: Object.assign({ hide: true }, schema())
  })
}

/** Fastify's own error does not name the option. @throws TypeError if the app has such a route */
function refuseTaken (
  scope: FastifyInstance, method: string, url: string, option: Place['option']
): void {
  if (!hasRoute(scope, method, url)) return
  const path = routerPaths(scope, url).at(-1)
  const other = option === 'prefix' ? 'prefix' : 'path'
  refuse(option, `is taken: the app has a route ${method} ${path}. Choose another ${other}.`)
}
