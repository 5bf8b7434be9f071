import type { FastifyInstance, FastifyRequest, RouteOptions, onRequestHookHandler } from 'fastify'
import { refuse } from '../option-checks.ts'
import { guardHooks } from './check-at-ready.ts'
import type { Authenticate } from './guard-hook.ts'
import { knownGuards } from './known-guards.ts'
import { declareScheme, documentGuard } from './open-api.ts'

/** In the config of a route, which Fastify copies: its guard. */
const SETTLED = Symbol('fastify-simplejwt.settled')
/** On the scope of the package's own routes. */
const OWN_ROUTES = Symbol('fastify-simplejwt.ownRoutes')
/** On a scope with the option `guardByDefault`. */
const GUARDED = Symbol('fastify-simplejwt.guarded')

type Scope = FastifyInstance & { [OWN_ROUTES]?: true, [GUARDED]?: true }
/** The guard of a route: one that the route names, or the default. */
interface Settled {
  readonly kind: 'guarded' | 'optional' | 'default'
  /** A later `onRoute` hook of the host has replaced the default guard. */
  isReplaced: boolean
}
type Kind = Settled['kind']
type Config = { public?: unknown, [SETTLED]?: Settled } | undefined

/** Exempts the scope of the package's own routes: they are public, or have their guard. */
export function exemptOwnRoutes (scope: Scope): void {
  scope[OWN_ROUTES] = true
  scope.addHook('onRoute', route => {
    if (kindOf(route) !== undefined) documentGuard(route, false)
    declareScheme(route)
  })
}

/** Marks the routes of an app that have a guard of ours, also those from before a registration. */
export function markGuardedRoutes (app: FastifyInstance): void {
  app.addHook('onRoute', route => {
    const kind = kindOf(route)
    if (kind !== undefined) settle(route, kind)
  })
}

/** Returns the kind of a route's own guard, or undefined. */
function kindOf (route: RouteOptions): Kind | undefined {
  // Other plugins wrap hooks, so a route that is settled may show no guard any more.
  const settled = (route.config as Config)?.[SETTLED]?.kind
  if (settled !== undefined && settled !== 'default') return settled
  const guards = knownGuards(guardHooks(route))
  if (guards.length === 0) return undefined
  return guards.every(({ isOptional }) => isOptional) ? 'optional' : 'guarded'
}

/** Hosts may share a config among routes, so this changes a copy. */
function settle (route: RouteOptions, kind: Kind): Settled {
  const settled = { kind, isReplaced: false }
  route.config = Object.assign({ ...route.config }, { [SETTLED]: settled })
  return settled
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
  const defaults: DefaultGuard[] = []
  scope.addHook('onRoute', function (this: Scope, route) {
    if (this[OWN_ROUTES] === true || isPublic(route.config as Config)) return
    const kind = kindOf(route)
    documentGuard(route, kind === 'optional')
    if (kind !== undefined) {
      settle(route, kind)
      return
    }
    // It runs after the hooks of the scope: @fastify/cors must answer a preflight first.
    const guard = unlessPublic(authenticate)
    route.onRequest = [guard, ...[route.onRequest ?? []].flat()]
    defaults.push({ route, guard, settled: settle(route, 'default') })
  })
  guardReplaced(scope, defaults, authenticate)
  // Routes from before the registration, also those that an app declares without awaiting it.
  scope.addHook('onRequest', (request, reply, done) => {
    if (request.is404 || (request.server as Scope)[OWN_ROUTES] === true) return done()
    const config = configOf(request)
    if (config?.[SETTLED] !== undefined || isPublic(config)) return done()
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

/** A route with the default guard, which is the first of its hooks for `onRequest`. */
interface DefaultGuard { route: RouteOptions, guard: onRequestHookHandler, settled: Settled }

/**
 * Guards routes a second time if a later `onRoute` hook has replaced the default guard. The hook
 * may have wrapped it, as OpenTelemetry does, or have removed it.
 */
function guardReplaced (
  scope: Scope, defaults: DefaultGuard[], authenticate: Authenticate
): void {
  scope.addHook('onReady', async () => {
    for (const { route, guard, settled } of defaults.splice(0)) {
      settled.isReplaced = ![route.onRequest].flat().includes(guard)
    }
  })
  scope.addHook('preParsing', (request, reply, payload, done) => {
    const config = configOf(request)
    if (config?.[SETTLED]?.isReplaced !== true || isPublic(config)) return done(null, payload)
    authenticate(request, reply, error => { done(error ?? null, payload) })
  })
}
