import type { FastifyRequest } from 'fastify'
import { crossOrigin } from '../errors.ts'

/** Lets a request pass, or throws. */
export type RequestCheck = (request: FastifyRequest) => Promise<void>

/**
 * CSRF check, before the cookie is read: rejects cross-origin requests, subdomains included. Uses
 * Sec-Fetch-Site (Fetch Metadata section 2.4) if the browser sends it. Otherwise Origin
 * (RFC 6454 section 7) must be the requested host. Browsers send one of the two with every POST, so
 * a request with neither is refused.
 */
export function checkOrigin (trusted: readonly string[]): RequestCheck {
  return async ({ headers, host }) => {
    const { origin, 'sec-fetch-site': site } = headers
    if (origin !== undefined && trusted.includes(origin)) return
    const isSameOrigin = site === undefined
      ? hostOf(origin) === host.toLowerCase()
      : site === 'same-origin'
    if (!isSameOrigin) throw crossOrigin()
  }
}

/**
 * Sandboxed pages send `null`, which has no host. Behind a proxy that terminates TLS the scheme is
 * the proxy's, so only hosts are compared.
 */
const hostOf = (origin: string | undefined): string | undefined =>
  origin !== undefined && /^https?:\/\//.test(origin) && URL.canParse(origin)
    ? new URL(origin).host
    : undefined
