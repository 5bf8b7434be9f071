import type { FastifyRequest } from 'fastify'
import type { Unauthorized } from '../errors.ts'

/**
 * Returns the `Authorization` header of a request, or undefined.
 * @throws SimpleJwtError 401 if the request has more than one
 */
export function authorizationOf (
  request: FastifyRequest, unauthorized: Unauthorized
): string | undefined {
  if (repeatsAuthorization(request.raw.rawHeaders)) throw unauthorized.badAuthorizationHeader()
  return request.headers.authorization
}

/**
 * Returns the token of an `Authorization` header (RFC 6750 section 2.1), or undefined for another
 * scheme. The scheme is case-insensitive; only spaces separate it from the token.
 * @throws SimpleJwtError 401 for the scheme without a token, or with more than one
 */
export function bearerToken (header: string, unauthorized: Unauthorized): string | undefined {
  if (isPlain(header)) return header.slice(7)
  const parts = header.split(/[ \t]+/).filter(part => part !== '')
  if (parts[0]?.toLowerCase() !== 'bearer') return undefined
  if (parts.length !== 2 || header.includes('\t')) throw unauthorized.badAuthorizationHeader()
  return parts[1] as string
}

/** Splitting is slow, and nearly every client writes `Bearer`, one space and the token. */
const isPlain = (header: string): boolean =>
  header.startsWith('Bearer ') && header.length > 7 && !header.includes(' ', 7) &&
  !header.includes('\t')

/** Node keeps the first of two Authorization headers and drops the second silently. */
export function repeatsAuthorization (rawHeaders: readonly string[]): boolean {
  let seen = false
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] as string
    if (name.length !== 13 || name.toLowerCase() !== 'authorization') continue
    if (seen) return true
    seen = true
  }
  return false
}
