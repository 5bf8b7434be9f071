import { createHash } from 'node:crypto'
import { normalizeIP } from '@fastify/rate-limit'
import type { FastifyRequest } from 'fastify'

/** Hashes a client's text to a fixed length: the client chooses how long the text is. */
export const digest = (text: string): string => createHash('sha256').update(text).digest('base64')

/** Folds the case and the Unicode form of a user name. */
export const foldUsername = (username: string): string =>
  username.trim().normalize('NFKC').toLowerCase().toUpperCase().toLowerCase().normalize('NFKC')

/**
 * Returns the client's address, an IPv6 one as its /64. Returns undefined behind a Unix socket,
 * where one shared counter would let any client lock out all others.
 */
export const addressOf = (request: FastifyRequest): string | undefined =>
  (request.ip as string | undefined) && normalizeIP(withoutPort(request.ip))

/** Some proxies append the client's port, which differs for each connection. */
const withoutPort = (address: string): string =>
  address.replace(/^\[(.+)\](:\d+)?$/, '$1').replace(/^([\d.]+):\d+$/, '$1')
