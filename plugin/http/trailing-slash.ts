import type {
  FastifyInstance, RawReplyDefaultExpression, RawRequestDefaultExpression, RawServerDefault,
  RouteGenericInterface, RouteOptions
} from 'fastify'

type Options<Route extends RouteGenericInterface> = RouteOptions<
  RawServerDefault,
  RawRequestDefaultExpression,
  RawReplyDefaultExpression,
  Route
>

/**
 * Declares a route with and without its trailing slash. API documents show it once. Fastify itself
 * handles `/`.
 */
export function route<Route extends RouteGenericInterface = RouteGenericInterface> (
  scope: FastifyInstance, options: Options<Route>
): void {
  scope.route<Route>({ ...options })
  if (options.url === '/' || ignoresTrailingSlash(scope)) return
  scope.route<Route>({
    ...options,
    url: `${options.url}/`,
    schema: Object.assign({ hide: true }, options.schema)
  })
}

/** Returns whether the router ignores trailing slashes, so a second route would be a duplicate. */
function ignoresTrailingSlash ({ initialConfig }: FastifyInstance): boolean {
  const { ignoreTrailingSlash, routerOptions } = initialConfig as {
    ignoreTrailingSlash?: boolean
    routerOptions?: { ignoreTrailingSlash?: boolean }
  }
  return ignoreTrailingSlash === true || routerOptions?.ignoreTrailingSlash === true
}
