import { normalizeIP } from '@fastify/rate-limit'
import type { FastifyRequest } from 'fastify'

/**
 * Returns the client's address, an IPv6 one as its /64. Returns undefined behind a Unix socket:
 * all clients would share one counter there, and one client could use it up.
 */
export const addressOf = (request: FastifyRequest): string | undefined =>
  (request.ip as string | undefined) && normalizeIP(withoutPort(request.ip))

/** Some proxies append the client's port, which differs for each connection. */
const withoutPort = (address: string): string =>
  address.replace(/^\[(.+)\](:\d+)?$/, '$1').replace(/^([\d.]+):\d+$/, '$1')
