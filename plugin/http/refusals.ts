import type { FastifyRequest, onRequestHookHandler } from 'fastify'
import { SimpleJwtError } from '../errors.ts'

/** Our refusals of a body or a token. Not counted: 403 of another origin, 413 and 415. */
const isRefusal = (payload: unknown): boolean =>
  payload instanceof SimpleJwtError && (payload.statusCode === 400 || payload.statusCode === 401)

/**
 * Returns a hook for `onRequest` that calls `count` before the route answers 400 or 401. If `count`
 * throws, its error is the answer. A parser, the validation, a hook or the handler may refuse the
 * request, and all of them send the error. So the hook waits in `reply.send`, before `onError`
 * hooks and error handlers run.
 */
export const countRefusals =
  (count: (request: FastifyRequest) => Promise<void>): onRequestHookHandler =>
    (request, reply, done) => {
      const send = reply.send.bind(reply)
      reply.send = payload => {
        reply.send = send
        if (!isRefusal(payload)) return send(payload)
        count(request).then(() => payload, (error: unknown) => error).then(send)
        return reply
      }
      done()
    }
