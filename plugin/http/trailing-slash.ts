import type {
  FastifyInstance, RawReplyDefaultExpression, RawRequestDefaultExpression, RawServerDefault,
  RouteGenericInterface, RouteOptions
} from 'fastify'
import { type Refuse, refuse } from '../option-checks.ts'
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
 * @param reject that gets the error. Default: the one of the first plugin
 * @throws TypeError if the app has such a route
 */
export function route<Route extends RouteGenericInterface = RouteGenericInterface> (
  scope: FastifyInstance,
  options: Options<Route>,
  option: Place['option'] = 'prefix',
  reject: Refuse = refuse
): void {
  const taken = takenPath(scope, options.method as string, options.url)
  if (taken !== undefined) {
    const other = option === 'prefix' ? 'prefix' : 'path'
    // Fastify's own error does not name the option.
    reject(option,
      `is taken: the app has a route ${options.method} ${taken}. Choose another ${other}.`)
  }
  const schema = () => JSON.parse(JSON.stringify(options.schema ?? {})) as object
  scope.route<Route>({ ...options, schema: schema() })
  if (options.url === '/' || routerPaths(scope, options.url).length === 1) return
  scope.route<Route>({
    ...options,
    url: `${options.url}/`,
    schema: Object.assign({ hide: true }, schema())
  })
}

/** Returns the path of a route that the app has already, or undefined. */
const takenPath = (scope: FastifyInstance, method: string, url: string): string | undefined =>
  hasRoute(scope, method, url) ? routerPaths(scope, url).at(-1) : undefined
