import type { FastifyInstance, FastifyPluginAsync } from 'fastify'
import { parseBodies } from '../http/body-parsers.ts'
import { compileFields } from '../http/body-validation.ts'
import { type Place, type RouteName, placesOf } from '../http/token-paths.ts'
import { answerNotFound, answerUnmatched } from '../http/unmatched.ts'
import type { KeyRing } from '../keys/key-ring.ts'
import type { Registration } from '../registration.ts'
import { blacklistRoute } from './blacklist.ts'
import { jwksRoute } from './jwks.ts'
import { obtainRoute } from './obtain.ts'
import { answerBodyRefusals, forbidCaching, prepareOwnScope } from './own-scope.ts'
import { refreshRoute } from './refresh.ts'
import { sessionsRoutes } from './sessions.ts'
import { verifyRoute } from './verify.ts'

const DECLARE: Record<
  RouteName, (scope: FastifyInstance, parts: Registration, place: Place) => unknown
> = {
  obtain: obtainRoute,
  refresh: refreshRoute,
  verify: verifyRoute,
  blacklist: blacklistRoute,
  sessions: sessionsRoutes
}

/**
 * Registers the token routes in separate scopes: one for `prefix`, and one for each path in
 * `paths`. Their parsing, validation and error replies change nothing for the host.
 */
export async function registerTokenRoutes (
  host: FastifyInstance, registration: Registration
): Promise<void> {
  const { options } = registration
  const places = placesOf(options)
  if (options.verifyCredentials === undefined) places.delete('obtain')
  for (const prefix of new Set([...places.values()].map(({ prefix }) => prefix))) {
    const inScope = [...places].filter(([, place]) => place.prefix === prefix)
    await host.register(routesIn(host, registration, inScope), { prefix })
  }
}

/** The token routes of one scope. */
function routesIn (
  host: FastifyInstance, parts: Registration, places: [RouteName, Place][]
): FastifyPluginAsync {
  return async scope => {
    prepareOwnScope(scope, host)
    forbidCaching(scope)
    answerBodyRefusals(scope)
    answerUnmatched(scope)
    await parseBodies(scope, host)
    scope.setValidatorCompiler(compileFields)
    for (const [name, place] of places) await DECLARE[name](scope, parts, place)
    // Two registrations at one prefix clash here too, but the error of a route is clearer.
    answerNotFound(scope)
  }
}

/** The route of the public keys, in a separate scope. */
export function keyRoutes (host: FastifyInstance, rings: readonly KeyRing[]): FastifyPluginAsync {
  return async scope => {
    prepareOwnScope(scope, host)
    jwksRoute(scope, rings)
  }
}
