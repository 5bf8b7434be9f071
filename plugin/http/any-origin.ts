import type { FastifyReply, onRequestHookHandler } from 'fastify'

/**
 * Lets pages of any origin read a reply. They send no cookie, since `*` excludes credentials. A
 * host with a CORS policy has set the header before, and that stays.
 */
export function allowAnyOrigin (reply: FastifyReply): void {
  if (reply.hasHeader('access-control-allow-origin')) return
  reply.header('access-control-allow-origin', '*')
}

/** `allowAnyOrigin` as a hook for `onRequest`. */
export const fromAnyOrigin: onRequestHookHandler = (_request, reply, done) => {
  allowAnyOrigin(reply)
  done()
}
