import type { FastifyRequest } from 'fastify'
import type { Unauthorized } from '../errors.ts'

type ExtractToken = (request: FastifyRequest) => string | undefined

/**
 * Returns the token that the option `extractToken` finds, or undefined.
 * @throws SimpleJwtError 401 for an empty token, and for a value that is not a string
 */
export function extractedToken (
  request: FastifyRequest, extractToken: ExtractToken, unauthorized: Unauthorized
): string | undefined {
  const token: unknown = extractToken(request)
  if (token === undefined || token === null) return undefined
  if (typeof token === 'string' && token !== '') return token
  // An unhandled rejection would stop the process.
  if (token instanceof Promise) token.catch(() => {})
  throw unauthorized.refusedByGuard('Token is invalid')
}
