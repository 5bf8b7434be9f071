import type { FastifyError, FastifyInstance, FastifyPluginAsync } from 'fastify'
import { SimpleJwtError, badRequest, unsupportedMediaType } from '../errors.ts'
import { exemptOwnRoutes } from '../guard/guard-by-default.ts'
import { parseBodies } from '../http/body-parsers.ts'
import { compileFields } from '../http/body-validation.ts'
import { documentSchemas } from '../http/document-schemas.ts'
import { prepareReply } from '../http/error-reply.ts'
import { compileSerializer } from '../http/serializer.ts'
import { type Place, type RouteName, placesOf } from '../http/token-paths.ts'
import { answerNotFound, answerUnmatched } from '../http/unmatched.ts'
import type { KeyRing } from '../keys/key-ring.ts'
import type { Registration } from '../registration.ts'
import { blacklistRoute } from './blacklist.ts'
import { jwksRoute } from './jwks.ts'
import { obtainRoute } from './obtain.ts'
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
    exemptOwnRoutes(scope)
    scope.addHook('onRequest', (_request, reply, done) => {
      reply.header('cache-control', 'no-store').header('x-content-type-options', 'nosniff')
      done()
    })
    documentSchemas(scope, host)
    followErrorHandler(host, scope)
    answerFastifyErrors(scope)
    answerUnmatched(scope)
    await parseBodies(scope, host)
    scope.setValidatorCompiler(compileFields)
    scope.setSerializerCompiler(compileSerializer)
    for (const [name, place] of places) await DECLARE[name](scope, parts, place)
    // Two registrations at one prefix clash here too, but the error of a route is clearer.
    answerNotFound(scope)
  }
}

/** The route of the public keys, in a separate scope. */
export function keyRoutes (host: FastifyInstance, rings: readonly KeyRing[]): FastifyPluginAsync {
  return async scope => {
    exemptOwnRoutes(scope)
    documentSchemas(scope, host)
    followErrorHandler(host, scope)
    scope.setSerializerCompiler(compileSerializer)
    jwksRoute(scope, rings)
  }
}

/** Fastify binds a route to the error handler at load time. This calls the host's current one. */
function followErrorHandler (host: FastifyInstance, scope: FastifyInstance): void {
  const loadedWith = host.errorHandler
  scope.setErrorHandler((error: FastifyError, request, reply) => {
    if (host.errorHandler === loadedWith) throw error
    return host.errorHandler(error, request, reply)
  })
}

/**
 * Gives Fastify's own refusals SimpleJWT's body: a body that is too large or cut short, a malformed
 * content type.
 */
function answerFastifyErrors (scope: FastifyInstance): void {
  scope.addHook('onError', (request, reply, error, done) => {
    if (isFastifyRefusal(error)) {
      const answer = error.statusCode === 415
        ? unsupportedMediaType(request.headers['content-type'] as string)
        : badRequest(error.statusCode, error.message)
      prepareReply(reply, error, answer)
    }
    done()
  })
}

function isFastifyRefusal (error: FastifyError): error is FastifyError & { statusCode: number } {
  return !(error instanceof SimpleJwtError) && error.code?.startsWith('FST_ERR_CTP_') &&
    error.statusCode !== undefined && error.statusCode < 500
}
