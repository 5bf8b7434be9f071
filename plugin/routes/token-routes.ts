import type { FastifyError, FastifyInstance, FastifyPluginAsync } from 'fastify'
import type { Authenticate } from '../guard/authenticate.ts'
import type { Core } from '../registration.ts'
import { prepareReply } from '../http/error-reply.ts'
import { SimpleJwtError, badRequest, unsupportedMediaType } from '../errors.ts'
import type { KeyRing } from '../keys/key-ring.ts'
import { blacklistRoute } from './blacklist.ts'
import { parseBodies } from '../http/body-parsers.ts'
import { compileFields } from '../http/body-validation.ts'
import { jwksRoute } from './jwks.ts'
import { obtainRoute } from './obtain.ts'
import { refreshRoute } from './refresh.ts'
import { compileSerializer } from '../http/serializer.ts'
import { sessionsRoutes } from './sessions.ts'
import { answerUnmatched } from '../http/unmatched.ts'
import { verifyRoute } from './verify.ts'

/** The token routes, in a scope of their own: how bodies are read, checked and refused here changes nothing for the host. */
export function tokenRoutes (host: FastifyInstance, core: Core, authenticate: Authenticate): FastifyPluginAsync {
  return async scope => {
    scope.addHook('onRequest', (_request, reply, done) => {
      reply.header('cache-control', 'no-store').header('x-content-type-options', 'nosniff')
      done()
    })
    followErrorHandler(host, scope)
    answerFastifyErrors(scope)
    answerUnmatched(scope)
    await parseBodies(scope)
    scope.setValidatorCompiler(compileFields)
    scope.setSerializerCompiler(compileSerializer)

    obtainRoute(scope, core)
    refreshRoute(scope, core)
    verifyRoute(scope, core)
    blacklistRoute(scope, core)
    sessionsRoutes(scope, core, authenticate)
  }
}

/** The route of the public keys, at a path of its own and in a scope of its own. */
export function keyRoutes (host: FastifyInstance, rings: readonly KeyRing[]): FastifyPluginAsync {
  return async scope => {
    followErrorHandler(host, scope)
    scope.setSerializerCompiler(compileSerializer)
    jwksRoute(scope, rings)
  }
}

/** Routes keep the error handler that their scope had when they were loaded; ours ask for the one that the host has now. */
function followErrorHandler (host: FastifyInstance, scope: FastifyInstance): void {
  const loadedWith = host.errorHandler
  scope.setErrorHandler((error: FastifyError, request, reply) => {
    if (host.errorHandler === loadedWith) throw error
    return host.errorHandler(error, request, reply)
  })
}

/** What Fastify refuses by itself here (a body too large, cut short, a content type that is none) gets a body in SimpleJWT's form. */
function answerFastifyErrors (scope: FastifyInstance): void {
  scope.addHook('onError', (request, reply, error, done) => {
    if (isRefusalOfFastify(error)) {
      const answer = error.statusCode === 415 ? unsupportedMediaType(request.headers['content-type'] as string) : badRequest(error.statusCode, error.message)
      prepareReply(reply, error, answer)
    }
    done()
  })
}

function isRefusalOfFastify (error: FastifyError): error is FastifyError & { statusCode: number } {
  return !(error instanceof SimpleJwtError) && error.code?.startsWith('FST_ERR_CTP_') && error.statusCode !== undefined && error.statusCode < 500
}
