import type { FastifyRequest } from 'fastify'
import type { Claims } from '../tokens/claims.ts'
import type { Core } from '../registration.ts'
import { type PublicJwk, jwkSet } from '../keys/jwk.ts'
import { type KeyInput, canSign, resolveKeys } from '../keys/key-options.ts'
import { refuse } from '../option-checks.ts'
import { revoke } from '../routes/blacklist.ts'
import { issue } from '../routes/obtain.ts'
import { refresh } from '../routes/refresh.ts'
import { revokeSession, revokeUser } from '../routes/sessions.ts'
import { verify } from '../routes/verify.ts'
import type { Session } from '../stores/session.ts'
import type { RefreshedTokens, TokenPair } from '../tokens/jwt.ts'
import type { User } from '../user.ts'
import type { CacheStatistics } from '../tokens/verification-cache.ts'

/** What `app.tokens` does, for the app's own code: the same as the routes, without HTTP. Refusals are thrown as `SimpleJwtError`. */
export interface TokenService {
  /** Starts a session for a user, after a login by other means, and mints its first pair. Refuses an inactive user. */
  issue(user: User, request?: FastifyRequest): Promise<TokenPair>
  /** The claims of a token of either kind, if it is good and its session goes on. */
  verify(token: string): Promise<Claims>
  /** Exchanges a refresh token; `refresh` is absent when rotation is off. */
  refresh(token: string): Promise<RefreshedTokens>
  /** Ends the session of a refresh token. */
  revoke(refreshToken: string): Promise<void>
  /** Ends a session. False if it had ended, or is unknown. */
  revokeSession(sid: string): Promise<boolean>
  /** Ends all sessions of a user, but the one whose id is `except`. Resolves to how many it ended. */
  revokeUser(userId: string | number | bigint, options?: { except?: string }): Promise<number>
  /** The live sessions of a user, oldest first. Times in milliseconds. */
  sessions(userId: string | number | bigint): Promise<Session[]>
  /** The public keys that are published (RFC 7517). None while all keys are secrets, and none where tokens are only verified. */
  jwks(): { keys: PublicJwk[] }
  /** Puts other keys in place of all that there are, at once. Not with `jwksUrl`. @throws TypeError as at registration */
  setKeys(keys: KeyInput[]): Promise<void>
  /** How many access tokens the guard has found in the verification cache since the start, how many it has not, and how many are in it. */
  cacheStatistics(): CacheStatistics
  /** Deletes the sessions that are over. Resolves to how many. */
  sweep(): Promise<number>
}

export function createTokenService (core: Core): TokenService {
  const { verifyOnly, jwksUrl } = core.options
  // Before anything is stored or spent that could then not be answered.
  const mustSign = (): void => {
    if (verifyOnly) throw new Error('fastify-simplejwt: this registration only verifies tokens: it has no key to sign them with.')
  }

  return {
    issue: async (user, request) => {
      mustSign()
      return issue(core, user, request)
    },
    verify: async token => verify(core, token),
    refresh: async token => {
      mustSign()
      return refresh(core, token)
    },
    revoke: async refreshToken => revoke(core, refreshToken),
    revokeSession: async sid => {
      const session = await core.sessions.find(sid)
      return session !== null && revokeSession(core, session)
    },
    revokeUser: async (userId, { except } = {}) => revokeUser(core, String(userId), except),
    sessions: async userId => core.sessions.list(String(userId)),
    jwks: () => jwkSet(verifyOnly ? [] : core.keys.publicKeys()),
    setKeys: async given => {
      if (jwksUrl !== undefined) throw new Error('fastify-simplejwt: the keys are those of "jwksUrl".')
      const keys = resolveKeys({ keys: given ?? null }, refuse)
      if (!verifyOnly && !keys.some(canSign)) refuse('keys', 'must have one that can sign: a secret, or a key with a "privateKey".')
      core.keys.replace(keys)
      core.keysChanged()
    },
    cacheStatistics: () => core.cache.statistics(),
    sweep: async () => {
      core.revocations.prune()
      return core.sessions.sweep()
    }
  }
}
