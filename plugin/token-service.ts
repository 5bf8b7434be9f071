import type { FastifyRequest } from 'fastify'
import type { Claims } from './claims.ts'
import type { Core } from './core.ts'
import { type KeyInput, resolveKeys } from './keys.ts'
import { refuse } from './option-checks.ts'
import { revoke } from './routes/blacklist.ts'
import { issue } from './routes/obtain.ts'
import { refresh } from './routes/refresh.ts'
import { revokeSession, revokeUser } from './routes/sessions.ts'
import { verify } from './routes/verify.ts'
import type { Session } from './stores/session.ts'
import type { RefreshedTokens, TokenPair } from './token-pair.ts'
import type { User } from './user.ts'

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
  /** The public keys (RFC 7517). None, while all keys are secrets. */
  jwks(): { keys: Record<string, unknown>[] }
  /** Puts other keys in place of all that there are, at once. @throws TypeError as at registration */
  setKeys(keys: KeyInput[]): Promise<void>
  /** Deletes the sessions that are over. Resolves to how many. */
  sweep(): Promise<number>
}

export function createTokenService (core: Core): TokenService {
  return {
    issue: (user, request) => issue(core, user, request),
    verify: async token => verify(core, token),
    refresh: async token => refresh(core, token),
    revoke: async refreshToken => revoke(core, refreshToken),
    revokeSession: async sid => {
      const session = await core.sessions.find(sid)
      return session !== null && revokeSession(core, session)
    },
    revokeUser: async (userId, { except } = {}) => revokeUser(core, String(userId), except),
    sessions: async userId => core.sessions.list(String(userId)),
    jwks: () => ({ keys: [] }),
    setKeys: async keys => {
      core.keys.replace(resolveKeys({ keys: keys ?? null }, refuse))
      core.cache.clear()
      core.emit({ type: 'keys_changed' })
    },
    sweep: async () => {
      core.revocations.prune()
      return core.sessions.sweep()
    }
  }
}
