import { normalizeIP } from '@fastify/rate-limit'
import type { FastifyRequest } from 'fastify'
import { LruMap } from 'toad-cache'

/** Client addresses whose normal form is kept. */
const MAX_KEPT = 1000
/** A proxy may pass on any text. No spelling of an address with its port is longer. */
const MAX_KEPT_LENGTH = 64

/** The normal form of an address, by its text. */
const kept = new LruMap<string>(MAX_KEPT)

/**
 * Returns the client's address, an IPv6 one as its /64. Returns undefined behind a Unix socket:
 * all clients would share one counter there, and one client could use it up.
 */
export function addressOf (request: FastifyRequest): string | undefined {
  const ip = request.ip as string | undefined
  if (!ip) return ip
  const known = kept.get(ip)
  if (known !== undefined) return known
  if (ip.length > MAX_KEPT_LENGTH) return normalizeIP(withoutPort(ip))
  // V8 keeps the whole X-Forwarded-For alive for a slice of it. This copies the characters.
  const text = Buffer.from(ip).toString()
  const address = normalizeIP(withoutPort(text))
  kept.set(text, address)
  return address
}

/** Some proxies append the client's port, which differs for each connection. */
const withoutPort = (address: string): string =>
  address.replace(/^\[(.+)\](:\d+)?$/, '$1').replace(/^([\d.]+):\d+$/, '$1')
