import helmet from '@fastify/helmet'
import fp from 'fastify-plugin'

/**
 * What browsers are told on every answer, by @fastify/helmet. Its defaults, but for one word:
 * `upgrade-insecure-requests` would have a page that is served without TLS, as the demo is, ask for
 * its own script by TLS.
 */
export const securityHeaders = fp(async app => {
  await app.register(helmet, {
    contentSecurityPolicy: { directives: { upgradeInsecureRequests: null } }
  })
})
