import type { FastifyInstance, RouteOptions } from 'fastify'

/** Finds the guard of a scope. @throws Error if there is none */
type Find = (scope: FastifyInstance) => unknown

/** The exported guards, and how each finds its registration. */
const exportedGuards = new WeakMap<object, Find>()

/**
 * Makes an exported guard stop the start of an app where it finds no registration. The check runs
 * when all plugins are loaded, so the order of registrations and routes does not matter.
 */
export function checkAtReady (guard: object, find: Find): void {
  exportedGuards.set(guard, find)
  // Fastify binds each hook to its scope before the app is ready. `watchRoutes` names the route,
  // but sees neither `addHook` nor an app that is older than the import of this package.
  const bind = (scope: unknown, ...parameters: unknown[]): unknown => {
    if (isScope(scope)) scope.addHook('onReady', async () => { find(scope) })
    return Function.prototype.bind.call(guard as () => void, scope, ...parameters)
  }
  Object.defineProperty(guard, 'bind', { value: bind })
}

const isScope = (value: unknown): value is FastifyInstance =>
  typeof (value as FastifyInstance | null | undefined)?.addHook === 'function'

const PHASES = ['onRequest', 'preParsing', 'preValidation', 'preHandler'] as const

/** Returns the hooks of a route in which a guard may run. */
export const guardHooks = (route: RouteOptions): unknown[] =>
  PHASES.flatMap(phase => route[phase] as unknown ?? [])

/** Checks the exported guards among the hooks of an app's routes, and names the route. */
export function watchRoutes (app: FastifyInstance): void {
  const uses: { find: Find, scope: FastifyInstance, route: string }[] = []
  app.addHook('onRoute', function (this: FastifyInstance, options) {
    for (const hook of guardHooks(options)) {
      const find = exportedGuards.get(hook as object)
      if (find === undefined) continue
      uses.push({ find, scope: this, route: `${[options.method].flat().join()} ${options.url}` })
    }
  })
  app.addHook('onReady', async () => {
    for (const { find, scope, route } of uses.splice(0)) {
      try {
        find(scope)
      } catch (cause) {
        throw new Error(`${(cause as Error).message} It guards ${route}.`, { cause })
      }
    }
  })
}
