import { isUtf8 } from 'node:buffer'
import type { FastifyInstance } from 'fastify'
import formbody from '@fastify/formbody'
import { parseError, unsupportedMediaType } from '../errors.ts'
import { JSON_TYPE, takeEarlyBodies } from './early-body.ts'

/** Larger bodies are refused unread. A token has at most 8 KB. */
const MAX_BODY_BYTES = 16_384

/**
 * Accepts only JSON and urlencoded bodies in the scope of the token routes, even if the host parses
 * others.
 */
export async function parseBodies (scope: FastifyInstance, host: FastifyInstance): Promise<void> {
  takeEarlyBodies(scope, host, MAX_BODY_BYTES)
  scope.removeAllContentTypeParsers()
  scope.addContentTypeParser(
    JSON_TYPE,
    { parseAs: 'buffer', bodyLimit: MAX_BODY_BYTES },
    (_request, body, done) => {
      try {
        done(null, parseJson(body as Buffer))
      } catch (error) {
        done(error as Error)
      }
    }
  )
  await scope.register(formbody, {
    bodyLimit: MAX_BODY_BYTES,
    parser: text => Object.fromEntries(new URLSearchParams(text))
  })

  scope.addContentTypeParser('*', (request, _payload, done) => {
    const {
      'content-length': length, 'transfer-encoding': encoding, 'content-type': type
    } = request.headers
    if (encoding === undefined && (length === undefined || length === '0')) return done(null, {})
    done(unsupportedMediaType(type ?? ''))
  })

  // Fastify calls no parser without a body and a content type. An empty object makes the reply name
  // the missing fields.
  scope.addHook('preValidation', (request, _reply, done) => {
    if (request.body === undefined) request.body = {}
    done()
  })
}

function parseJson (body: Buffer): unknown {
  if (body.length === 0) return {}
  if (!isUtf8(body)) throw parseError('The body is not valid UTF-8.')
  try {
    return JSON.parse(body.toString())
  } catch {
    // The engine's message repeats a piece of the body, and that may be a password.
    throw parseError('The body is not valid JSON.')
  }
}
