import type { FastifyRequest } from 'fastify'
import { crossOrigin } from '../errors.ts'

/** Lets a request pass, or throws. */
export type Check = (request: FastifyRequest) => Promise<void>

/**
 * Refuses what a page of another origin has sent, a subdomain of ours too, before a cookie that the browser adds by itself is looked at. The browser's
 * own word (Sec-Fetch-Site, Fetch Metadata section 2.4) counts most, else its Origin (RFC 6454 section 7) must be
 * the host that was asked. Browsers send one of the two with every POST; a request with neither is refused.
 */
export function sameOrigin (trusted: readonly string[]): Check {
  return async ({ headers: { origin, 'sec-fetch-site': site }, host }) => {
    if (origin !== undefined && trusted.includes(origin)) return
    if (site === undefined ? hostOf(origin) !== host.toLowerCase() : site !== 'same-origin') throw crossOrigin()
  }
}

/** Not of `null`, which sandboxed pages send. The scheme is left out: it is the proxy's that TLS ends at. */
const hostOf = (origin: string | undefined): string | undefined =>
  origin !== undefined && /^https?:\/\//.test(origin) && URL.canParse(origin) ? new URL(origin).host : undefined
