import type { FastifyError, FastifyInstance } from 'fastify'
import { SimpleJwtError, badRequest, unsupportedMediaType } from '../errors.ts'
import { exemptOwnRoutes } from '../guard/guard-by-default.ts'
import { documentSchemas } from '../http/document-schemas.ts'
import { prepareReply } from '../http/error-reply.ts'
import { compileSerializer } from '../http/serializer.ts'

/**
 * Prepares a scope for routes of this package. Its guard, schemas and replies change nothing for
 * the host, whose error handler still gets each error first.
 */
export function prepareOwnScope (scope: FastifyInstance, host: FastifyInstance): void {
  exemptOwnRoutes(scope)
  documentSchemas(scope, host)
  followErrorHandler(host, scope)
  scope.setSerializerCompiler(compileSerializer)
}

/** Forbids caches to store the replies of a scope, and browsers to guess their type. */
export function forbidCaching (scope: FastifyInstance): void {
  scope.addHook('onRequest', (_request, reply, done) => {
    reply.header('cache-control', 'no-store').header('x-content-type-options', 'nosniff')
    done()
  })
}

/** Fastify binds a route to the error handler at load time. This calls the host's current one. */
function followErrorHandler (host: FastifyInstance, scope: FastifyInstance): void {
  const loadedWith = host.errorHandler
  scope.setErrorHandler((error: FastifyError, request, reply) => {
    if (host.errorHandler === loadedWith) throw error
    return host.errorHandler(error, request, reply)
  })
}

type BodyRefusal = FastifyError & { statusCode: number }

const answerOf = (error: BodyRefusal, contentType: string): SimpleJwtError =>
  error.statusCode === 415
    ? unsupportedMediaType(contentType)
    : badRequest(error.statusCode, error.message)

/**
 * Answers Fastify's own refusals of a body in SimpleJWT's form: too large, cut short, or of another
 * content type.
 */
export function answerBodyRefusals (scope: FastifyInstance): void {
  scope.addHook('onError', (request, reply, error, done) => {
    if (isBodyRefusal(error)) {
      prepareReply(reply, error, answerOf(error, request.headers['content-type'] as string))
    }
    done()
  })
}

function isBodyRefusal (error: FastifyError): error is BodyRefusal {
  return !(error instanceof SimpleJwtError) && error.code?.startsWith('FST_ERR_CTP_') &&
    error.statusCode !== undefined && error.statusCode < 500
}
