import type { FastifyRequest } from 'fastify'
import { crossOrigin } from '../errors.ts'

/** Lets a request pass, or throws. */
export type RequestCheck = (request: FastifyRequest) => Promise<void>

/**
 * CSRF check, before the cookie is read: rejects cross-origin requests, subdomains included. Uses
 * Sec-Fetch-Site (Fetch Metadata section 2.4) if the browser sends it. Otherwise Origin
 * (RFC 6454 section 7) must be that of the request. Browsers send one of the two with every POST,
 * so a request with neither is refused.
 */
export function checkOrigin (trusted: readonly string[]): RequestCheck {
  return async request => { if (!isFromOwnPage(request, trusted)) throw crossOrigin() }
}

/** Returns whether a request passes the CSRF check. */
export function isFromOwnPage (request: FastifyRequest, trusted: readonly string[]): boolean {
  const { origin, 'sec-fetch-site': site } = request.headers
  if (origin !== undefined && trusted.includes(origin)) return true
  return site === undefined ? isOriginOf(request, origin) : site === 'same-origin'
}

/**
 * Returns whether a request is an app's. A browser sends `Origin` with each request that may change
 * something, and newer ones send `Sec-Fetch-Site` with each request. No script of a page can remove
 * them. Older browsers send neither with GET and HEAD, so those are never an app's.
 */
export const isFromApp = ({ method, headers }: FastifyRequest): boolean =>
  headers.origin === undefined && headers['sec-fetch-site'] === undefined &&
  method !== 'GET' && method !== 'HEAD'

/** A host name (RFC 1035 section 2.3.4) and a port. Keeps user names and paths out. */
const HOST = /^[\w.:[\]-]{1,259}$/
/** A scheme, a host name of 253 characters and a port. */
const MAX_ORIGIN_LENGTH = 267

/**
 * Compares scheme, host and port. The default port may be named or left out (RFC 6454 section 6.2).
 * Behind a proxy that terminates TLS the scheme may be unknown: then an https origin is accepted.
 * Sandboxed pages send `null`, which is no origin of ours.
 */
function isOriginOf (
  { host, protocol }: Pick<FastifyRequest, 'host' | 'protocol'>, origin: string | undefined
): boolean {
  // Parsing an international host name takes quadratic time, so a longer text is not parsed.
  if (origin === undefined || origin.length > MAX_ORIGIN_LENGTH) return false
  if (!/^https?:\/\//.test(origin) || !URL.canParse(origin)) return false
  const from = new URL(origin)
  if (String(protocol).toLowerCase() === 'https' && from.protocol === 'http:') return false
  const requested = `${from.protocol}//${host}`
  return HOST.test(host) && URL.canParse(requested) && new URL(requested).host === from.host
}
