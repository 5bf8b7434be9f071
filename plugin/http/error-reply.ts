import type { FastifyError, FastifyInstance, FastifyReply } from 'fastify'
import { SimpleJwtError } from '../errors.ts'

const prepared = new WeakSet<FastifyReply>()

/**
 * Sends `answer` in place of `error`, unless an error handler of the host replies differently.
 * Fastify's own handler runs last: it sets the status and sends the error object itself.
 */
export function prepareReply (
  reply: FastifyReply,
  error: FastifyError,
  answer: SimpleJwtError
): void {
  if (prepared.has(reply)) return
  prepared.add(reply)
  reply.headers(answer.headers)
  // The host may have set a status before the error. After this reset, the status of `answer` shows
  // that Fastify's handler ran.
  reply.code(200)
  const send = reply.send.bind(reply)
  reply.send = payload => {
    if (payload !== error || reply.statusCode !== answer.statusCode) return send(payload)
    // A response schema of the host's route would drop members of an object, so this sends text.
    reply.header('content-type', 'application/json; charset=utf-8')
    return send(JSON.stringify(answer.body))
  }
}

/**
 * Gives our errors their SimpleJWT body and headers. The host's error handler still gets each error
 * first and may reply differently. Costs nothing until an error is thrown.
 */
export function answerOurErrors (app: FastifyInstance): void {
  app.addHook('onError', (_request, reply, error, done) => {
    if (error instanceof SimpleJwtError) prepareReply(reply, error, error)
    done()
  })
}
