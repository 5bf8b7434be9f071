import type { FastifyError, FastifyInstance, FastifyReply } from 'fastify'
import { SimpleJwtError } from '../errors.ts'

const prepared = new WeakSet<FastifyReply>()

/**
 * Makes sending `error` send `answer` instead, once no error handler of the host has another form
 * for it: Fastify's own handler, which comes last, sets the status and then sends the error object
 * itself.
 */
export function prepareReply (
  reply: FastifyReply,
  error: FastifyError,
  answer: SimpleJwtError
): void {
  if (prepared.has(reply)) return
  prepared.add(reply)
  reply.headers(answer.headers)
  // So that the status tells below whether Fastify's handler was reached, even if it was set before
  // the error was thrown.
  reply.code(200)
  const send = reply.send.bind(reply)
  reply.send = payload => {
    if (payload !== error || reply.statusCode !== answer.statusCode) return send(payload)
    // As text, or a response schema that the host's route has for this status would cut the body to
    // its own members.
    reply.header('content-type', 'application/json; charset=utf-8')
    return send(JSON.stringify(answer.body))
  }
}

/**
 * Gives our errors their SimpleJWT body and headers without taking the host's error handler: that
 * one, whenever it was set, is called with the error as ever and may answer as it likes. Costs
 * nothing until an error is thrown.
 */
export function answerOurErrors (app: FastifyInstance): void {
  app.addHook('onError', (_request, reply, error, done) => {
    if (error instanceof SimpleJwtError) prepareReply(reply, error, error)
    done()
  })
}
