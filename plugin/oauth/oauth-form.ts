import { isUtf8 } from 'node:buffer'
import type { FastifyInstance, onRequestHookHandler } from 'fastify'
import { FORM_TYPE, takeEarlyBodies } from '../http/early-body.ts'
import { asOAuthError } from './errors.ts'
import { type Parameters, notUtf8, readParameters } from './parameters.ts'

const MAX_BODY_BYTES = 16_384

/** Accepts only forms in a scope. Its handlers get `Parameters` as the body. */
export function parseForms (scope: FastifyInstance, host: FastifyInstance): void {
  takeEarlyBodies(scope, host, MAX_BODY_BYTES)
  scope.removeAllContentTypeParsers()
  scope.addContentTypeParser(
    FORM_TYPE,
    { parseAs: 'buffer', bodyLimit: MAX_BODY_BYTES },
    (_request, body, done) => {
      try {
        done(null, parseForm(body as Buffer))
      } catch (error) {
        done(error as Error)
      }
    }
  )
  // Fastify calls no parser without a body and a content type.
  scope.addHook('preValidation', (request, _reply, done) => {
    request.body ??= readParameters('')
    done()
  })
}

function parseForm (body: Buffer): Parameters {
  if (!isUtf8(body)) throw notUtf8()
  return readParameters(body.toString())
}

/**
 * Answers each refusal in the form of RFC 6749 section 5.2. A parser, a hook or the handler may
 * refuse the request, and all of them send the error before `onError` hooks and error handlers run.
 */
export const answerInOAuthForm: onRequestHookHandler = (_request, reply, done) => {
  const send = reply.send.bind(reply)
  reply.send = payload => send(asOAuthError(payload))
  done()
}
