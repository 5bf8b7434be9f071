import type { FastifyReply, FastifyRequest } from 'fastify'
import { type PublicJwk, jwkSet } from '../keys/jwk.ts'
import { type KeyInput, canSign, resolveKeys } from '../keys/key-options.ts'
import { refuse } from '../option-checks.ts'
import type { Registration } from '../registration.ts'
import type { Session } from '../stores/session.ts'
import type { AccessClaims, Claims } from '../tokens/claims.ts'
import type { RefreshedTokens, TokenPair } from '../tokens/jwt.ts'
import type { CacheStatistics } from '../tokens/verification-cache.ts'
import type { User } from '../user.ts'
import { type LoginCheck, attempt } from './attempt.ts'
import { type IssueOptions, issue } from './issue.ts'
import { type LoginAnswer, login } from './login.ts'
import { refresh } from './refresh.ts'
import { nameRegistration } from './registration-of.ts'
import { revoke, revokeSession, revokeUser } from './revoke.ts'
import type { SessionOptions } from './session-options.ts'
import { verifyAccess } from './verify-access.ts'
import { verify } from './verify.ts'

/**
 * The type of `app.tokens`: the actions of the routes without HTTP, for the app's code. Throws
 * refusals as `SimpleJwtError`.
 */
export interface TokenService {
  /**
   * Starts a session and mints its first pair, for tests and for services without a client. Refuses
   * an inactive user.
   */
  issue<U extends User>(user: U, options?: IssueOptions): Promise<TokenPair>
  /**
   * Runs the check of a login behind the limits, the back-off and the events of the login route,
   * and returns its user. Null and a throw with a status of 4xx are a failed login and become the
   * 401 of the login route. A throw with a status of 5xx does not count. Throws a 429 over a limit,
   * and a 400 for a bad user name.
   */
  attempt<U extends User>(
    request: FastifyRequest, username: string, check: LoginCheck<U>
  ): Promise<U>
  /**
   * Logs a user in: starts a session, sets the cookie in cookie mode, and returns the body that the
   * login route answers. Refuses an inactive user.
   */
  login<U extends User>(
    user: U, reply: FastifyReply, options?: SessionOptions
  ): Promise<LoginAnswer>
  /**
   * Returns the claims of a token of either kind, if it is good and its session is live. Refuses
   * the tokens of OAuth clients.
   */
  verify(token: string): Promise<Claims>
  /**
   * Returns the claims of an access token, if it is good and its session is not revoked. Refuses
   * refresh tokens, and throws a 403 for the token of an OAuth client.
   */
  verifyAccess(token: string): Promise<AccessClaims>
  /** Exchanges a refresh token. `refresh` is absent when rotation is off. */
  refresh(token: string): Promise<RefreshedTokens>
  /** Revokes the session of a refresh token. */
  revoke(refreshToken: string): Promise<void>
  /** Revokes a session. Returns false if it was revoked before or is unknown. */
  revokeSession(sid: string): Promise<boolean>
  /** Returns whether a session is known, not revoked and not expired. */
  isLive(sid: string): Promise<boolean>
  /** Revokes all sessions of a user except the one with the id `except`. Returns their number. */
  revokeUser(
    userId: string | number | bigint, options?: { except?: string | undefined }
  ): Promise<number>
  /** Returns the live sessions of a user, oldest first. Times in milliseconds. */
  sessions(userId: string | number | bigint): Promise<Session[]>
  /**
   * Returns the published keys (RFC 7517). Empty while all keys are secrets, and in verify-only
   * mode.
   */
  jwks(): { keys: PublicJwk[] }
  /** Replaces all keys at once. Not with `jwksUrl`. @throws TypeError as at registration */
  setKeys(keys: KeyInput[]): Promise<void>
  /** Returns the hits, misses and entries of the verification cache since the start. */
  cacheStatistics(): CacheStatistics
  /**
   * Deletes revoked and expired sessions that no token needs. Returns their number. Deletes none in
   * verify-only mode: the issuer does.
   */
  sweep(): Promise<number>
}

export function createTokenService (registration: Registration): TokenService {
  const { options: { verifyOnly, jwksUrl }, sessions, revocations, keys } = registration
  // Checked first: nothing must be stored or spent for tokens that cannot be signed.
  const mustSign = (): void => {
    if (!verifyOnly) return
    throw new Error('fastify-simplejwt: this registration only verifies tokens. ' +
      'Configure a signing key: "secret", or "keys" with a private key.')
  }

  const service: TokenService = {
    issue: async (user, options) => {
      mustSign()
      return issue(registration, user, options)
    },
    attempt: async (request, username, check) => {
      mustSign()
      return attempt(registration, request, username, check)
    },
    login: async (user, reply, options) => {
      mustSign()
      return login(registration, user, reply, options)
    },
    verify: async token => verify(registration, token),
    verifyAccess: async token => verifyAccess(registration, token),
    refresh: async token => {
      mustSign()
      return (await refresh(registration, token)).tokens
    },
    revoke: async refreshToken => revoke(registration, refreshToken),
    revokeSession: async sid => {
      const session = await sessions.find(sid)
      return session !== null && revokeSession(registration, session)
    },
    isLive: async sid => {
      const session = await sessions.find(sid)
      return session !== null && sessions.isLive(session)
    },
    revokeUser: async (userId, { except } = {}) => revokeUser(registration, String(userId), except),
    sessions: async userId => sessions.list(String(userId)),
    jwks: () => jwkSet(verifyOnly ? [] : keys.publicKeys()),
    setKeys: async given => {
      if (jwksUrl !== undefined) {
        throw new Error('fastify-simplejwt: setKeys() cannot replace the keys of "jwksUrl". ' +
          'Rotate the keys at the issuer.')
      }
      const resolved = resolveKeys({ keys: given ?? null }, refuse)
      if (!verifyOnly && !resolved.some(canSign)) {
        refuse('keys', 'must have a key that can sign: a secret, or a key with a "privateKey".')
      }
      for (const check of registration.keyChecks) check(resolved)
      keys.replace(resolved)
      registration.keysChanged()
    },
    cacheStatistics: () => registration.cache.statistics(),
    sweep: async () => {
      revocations.prune()
      return verifyOnly ? 0 : sessions.sweep()
    }
  }
  nameRegistration(service, registration)
  return service
}
