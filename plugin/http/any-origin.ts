import type { FastifyReply, onRequestHookHandler, onSendHookHandler } from 'fastify'

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

const CORS_HEADERS = [
  'access-control-allow-origin',
  'access-control-allow-credentials',
  'access-control-expose-headers'
]

/**
 * Takes the CORS headers of a host's plugin from a reply. A hook for `onSend` of a route: it runs
 * after the hooks of the host.
 */
export const fromNoOtherOrigin: onSendHookHandler = (_request, reply, payload, done) => {
  for (const name of CORS_HEADERS) reply.removeHeader(name)
  done(null, payload)
}
