import fp from 'fastify-plugin'
import { isLoopback } from './settings.ts'

/** A name or an address. A `Host` header may hold anything else, such as a path or an @. */
const HOSTNAME = /^([a-z0-9._-]+|\[[0-9a-f:.]+\])$/i

/**
 * Redirects requests that reached a trusted proxy without TLS. A request without
 * `X-Forwarded-Proto` did not come through the proxy, such as a health check of the platform. 308
 * keeps the method.
 */
export const redirectToHttps = fp(async app => {
  app.addHook('onRequest', async (request, reply) => {
    const { headers, hostname, ips = [], protocol, url } = request
    // Fastify lists a second address only if it trusts the peer, which is the first.
    if (ips.length < 2 || headers['x-forwarded-proto'] === undefined || protocol !== 'http') return
    if (isLoopback(hostname) || !HOSTNAME.test(hostname)) return
    return reply.redirect(`https://${hostname}${url}`, 308)
  })
})
