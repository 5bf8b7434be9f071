import type { FastifyInstance, FastifyRequest, RouteOptions, onRequestHookHandler } from 'fastify'
import { refuse } from '../option-checks.ts'
import type { Authenticate } from './authenticate.ts'
import { guardHooks } from './check-at-ready.ts'
import { knownGuards } from './known-guards.ts'
import { declareScheme, documentGuard } from './open-api.ts'

/** In the config of a route: it has a guard, ours or its own. */
const SETTLED = Symbol('fastify-simplejwt.settled')
/** On the scope of the package's own routes. */
const OWN_ROUTES = Symbol('fastify-simplejwt.ownRoutes')
/** On a scope with the option `guardByDefault`. */
const GUARDED = Symbol('fastify-simplejwt.guarded')

type Scope = FastifyInstance & { [OWN_ROUTES]?: true, [GUARDED]?: true }
type Config = { public?: unknown, [SETTLED]?: true } | undefined

/** Exempts the scope of the package's own routes: they are public, or have their guard. */
export function exemptOwnRoutes (scope: Scope): void {
  scope[OWN_ROUTES] = true
  scope.addHook('onRoute', route => {
    if (hasGuard(route)) documentGuard(route, false)
    declareScheme(route)
  })
}

/** Marks the routes of an app that have a guard of ours, also those from before a registration. */
export function markGuardedRoutes (app: FastifyInstance): void {
  app.addHook('onRoute', route => { if (hasGuard(route)) settle(route) })
}

const hasGuard = (route: RouteOptions): boolean => knownGuards(guardHooks(route)).length > 0

/** Hosts may share a config among routes, so this changes a copy. */
const settle = (route: RouteOptions): void => {
  route.config = { ...route.config, [SETTLED]: true } as Exclude<RouteOptions['config'], undefined>
}

const isPublic = (config: Config): boolean => config?.public === true

/**
 * Guards each route of a scope that is not public and has no guard of ours. Call it after the
 * package's own routes are registered.
 * @throws TypeError if the scope has such a default already
 */
export function guardByDefault (scope: Scope, authenticate: Authenticate): void {
  if (scope[GUARDED] === true) {
    refuse('guardByDefault', 'is set for this scope already. Set it in one registration only.')
  }
  scope[GUARDED] = true
  scope.addHook('onRoute', function (this: Scope, route) {
    if (this[OWN_ROUTES] === true || isPublic(route.config as Config)) return
    const guards = knownGuards(guardHooks(route))
    documentGuard(route, guards.length > 0 && guards.every(({ isOptional }) => isOptional))
    if (guards.length > 0) return settle(route)
    // It runs after the hooks of the scope: @fastify/cors must answer a preflight first.
    route.onRequest = [unlessPublic(authenticate), ...[route.onRequest ?? []].flat()]
    settle(route)
  })
  // Routes from before the registration, also those that an app declares without awaiting it.
  scope.addHook('onRequest', (request, reply, done) => {
    if (request.is404 || (request.server as Scope)[OWN_ROUTES] === true) return done()
    const config = configOf(request)
    if (config?.[SETTLED] === true || isPublic(config)) return done()
    authenticate(request, reply, done)
  })
}

const configOf = (request: FastifyRequest): Config => request.routeOptions.config as Config

/** A later `onRoute` hook may still make the route public. */
function unlessPublic (authenticate: Authenticate): onRequestHookHandler {
  let skips: boolean | undefined
  return (request, reply, done) => {
    skips ??= isPublic(configOf(request))
    if (skips) done()
    else authenticate(request, reply, done)
  }
}
