import type { FastifyRequest } from 'fastify'
import type { Registration } from '../registration.ts'
import { authorizationOf, bearerToken } from './bearer-token.ts'
import { extractedToken } from './extracted-token.ts'

type CredentialParts = Pick<Registration, 'options' | 'unauthorized'>

/**
 * Returns the `Authorization` header of a request, or with `extractToken` its token. Returns
 * undefined if it has none. A registration caches by complete header or by token, never by both.
 * @throws SimpleJwtError 401
 */
export function credentialsOf (
  request: FastifyRequest, { options: { extractToken }, unauthorized }: CredentialParts
): string | undefined {
  return extractToken === undefined
    ? authorizationOf(request, unauthorized)
    : extractedToken(request, extractToken, unauthorized)
}

/** Returns the token of credentials. Undefined for another scheme. @throws SimpleJwtError 401 */
export const tokenOf = (
  credentials: string, { options: { extractToken }, unauthorized }: CredentialParts
): string | undefined =>
  extractToken === undefined ? bearerToken(credentials, unauthorized) : credentials
