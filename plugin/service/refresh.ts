import type { FastifyRequest } from 'fastify'
import { claimsOrThrow } from '../errors.ts'
import type { Registration } from '../registration.ts'
import { eventSubject, presentingClient } from '../sessions/client-info.ts'
import type { RefreshClaims } from '../tokens/claims.ts'
import type { RefreshedTokens } from '../tokens/jwt.ts'
import { adoptIfForeign } from './adopt.ts'
import { type PairClaims, claimsAtRefresh } from './custom-claims.ts'
import type { IssueParts } from './issue.ts'
import { reportRotation } from './rotation-event.ts'
import { type SessionSettings, carriedSettings } from './session-options.ts'
import { mintPair } from './token-pair.ts'

/** The tokens of a refresh, and the options of their session. */
export interface Refreshed { tokens: RefreshedTokens, settings: SessionSettings }

/**
 * Exchanges a refresh token for an access token and, with rotation, its successor. Reuse of a spent
 * token revokes its session and emits `reuse_detected`.
 * @throws SimpleJwtError 401, or 429 for a request over the limit of its session
 */
export async function refresh (
  parts: IssueParts & Pick<Registration, 'rateLimiter'>, token: string, request?: FastifyRequest
): Promise<Refreshed> {
  const { unauthorized, rateLimiter } = parts
  const presented = claimsOrThrow(parts.tokens.verifyRefresh(token), unauthorized.refused)
  await rateLimiter.refreshPerSession('refresh', presented, request)
  const claims = await claimsAtRefresh(parts, presented, request)
  await adoptIfForeign(parts, presented, request)
  const settings = carriedSettings(presented)
  const tokens = parts.options.rotateRefreshTokens
    ? await rotate(parts, presented, { claims, settings }, request)
    : await mintAccessOnly(parts, presented, claims, request)
  return { tokens, settings }
}

async function rotate (
  parts: IssueParts,
  presented: RefreshClaims,
  { claims, settings }: { claims: PairClaims, settings: SessionSettings },
  request: FastifyRequest | undefined
): Promise<RefreshedTokens> {
  const client = presentingClient(request)
  const { outcome, session } =
    await parts.sessions.rotate(presented, client, { refreshLifetime: settings.refreshLifetime })
  if (outcome !== 'ended' && session !== null) {
    reportRotation(parts, { outcome, session }, client, request)
  }
  if (session === null || outcome === 'ended' || outcome === 'reused') {
    throw parts.unauthorized.refused('Token is blacklisted')
  }
  const { access, refresh } = mintPair(parts, session, claims)
  return { access, refresh }
}

async function mintAccessOnly (
  parts: IssueParts,
  presented: RefreshClaims,
  claims: PairClaims,
  request: FastifyRequest | undefined
): Promise<RefreshedTokens> {
  const session = await parts.sessions.current(presented)
  if (session === null) throw parts.unauthorized.refused('Token is blacklisted')
  parts.emit({ type: 'refreshed', ...eventSubject(session, request) }, request?.log)
  return { access: parts.tokens.mintAccess(session, claims.access) }
}
