import helmet from '@fastify/helmet'
import fp from 'fastify-plugin'

/**
 * Adds the security headers of @fastify/helmet to each reply. Its defaults, except
 * `upgrade-insecure-requests`: the demo serves its page without TLS, and browsers would then load
 * the script with TLS.
 */
export const securityHeaders = fp(async app => {
  await app.register(helmet, {
    contentSecurityPolicy: { directives: { upgradeInsecureRequests: null } }
  })
})
