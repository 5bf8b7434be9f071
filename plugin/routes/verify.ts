import type { FastifyInstance } from 'fastify'
import type { Claims, RefreshClaims } from '../tokens/claims.ts'
import type { Core } from '../registration.ts'
import { accepted } from '../errors.ts'
import { sidOf } from '../sessions/lifecycle.ts'
import { isRevoked } from '../sessions/is-revoked.ts'
import { route } from '../http/trailing-slash.ts'
import { verifySchema } from './schemas.ts'

/** The claims of a token of either kind, if it is good and its session goes on. */
export async function verify (core: Core, token: string): Promise<Claims> {
  await core.tokens.missingKey(token)
  const claims = accepted(core.tokens.verifyAny(token), core.unauthorized.refused)
  const blacklisted = claims.token_type === 'refresh' ? await isSpent(core, claims as RefreshClaims) : await isRevoked(core, claims)
  if (blacklisted) throw core.unauthorized.refused('Token is blacklisted')
  return claims
}

/** A foreign token that could be adopted but was not yet is good: there is no session to say otherwise. */
async function isSpent (core: Core, claims: RefreshClaims): Promise<boolean> {
  if (claims.sid === undefined && !core.options.adoptRefreshTokens) return true
  if (await core.sessions.current(claims) !== null) return false
  return claims.sid !== undefined || await core.sessions.find(sidOf(claims)) !== null
}

export function verifyRoute (scope: FastifyInstance, core: Core): void {
  route<{ Body: { token: string } }>(scope, {
    method: 'POST',
    url: '/verify',
    schema: verifySchema,
    handler: async request => {
      await verify(core, request.body.token)
      return {}
    }
  })
}
