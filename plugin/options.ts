import type { FastifyRequest } from 'fastify'
import type { CookieMode } from './cookie/cookie-options.ts'
import type { SimpleJwtEvent } from './events.ts'
import type { KeyInput } from './keys/key-options.ts'
import type { RateLimits } from './limits/rate-limit-options.ts'
import type { Duration } from './option-checks.ts'
import type { SessionStore } from './stores/store.ts'
import type { Credentials, User } from './user.ts'

/**
 * Options of the plugin, checked at registration. A bad or unknown option stops the start with an
 * error that names it.
 */
export interface SimpleJwtOptions {
  /** The HS256 secret, at least 32 bytes. Shorthand for one entry of `keys`. */
  secret?: string | Buffer | undefined
  /**
   * Keys, each with its algorithm. All verify, and the first signing key signs. Without a signing
   * key the registration only verifies.
   */
  keys?: KeyInput[]
  /** Verify only, with another server's keys: the URL of its JWK set, https or http to loopback. */
  jwksUrl?: string
  /**
   * Checks a login. Resolves to the user, or to null for an unknown user or a wrong password. A
   * throw is a failed login too, except with a status of 5xx. Required with a signing key.
   */
  verifyCredentials?(
    credentials: Credentials, request: FastifyRequest
  ): Promise<User | null> | User | null
  /**
   * Looks a user up again: at every refresh, and for `authenticateUser`. `app.tokens` passes no
   * request.
   */
  findUser?(userId: string, request?: FastifyRequest): Promise<User | null> | User | null
  /**
   * Custom claims for the access token. Computed again at each refresh with `findUser`, otherwise
   * carried in the refresh token.
   */
  claims?(
    user: User, request?: FastifyRequest
  ): Promise<Record<string, unknown>> | Record<string, unknown>
  /** Name of the login field in the body. Default `'username'`. */
  usernameField?: string
  /** Most characters of the login field, 1 to 8192. Default 255. */
  usernameMaxLength?: number
  /** Default `'5m'`. */
  accessTokenLifetime?: Duration
  /** Default `'1d'`. */
  refreshTokenLifetime?: Duration
  /** Maximum age of a session, however often it is refreshed. Default `'30d'`. */
  sessionLifetime?: Duration
  /**
   * False: a refresh returns only an access token, and the refresh token stays valid. Default true.
   */
  rotateRefreshTokens?: boolean
  /**
   * Time in which a spent refresh token returns the same successor. 0 = strict. Default `'10s'`.
   */
  reuseInterval?: Duration
  /**
   * The address to which a spent token still answers: any, or only that of the rotation (IPv6 by
   * its /64). Elsewhere it is reuse. Default `'anywhere'`.
   */
  replayFrom?: 'anywhere' | 'sameAddress'
  /** Accepts refresh tokens that a Django SimpleJWT minted with the same secret. Default false. */
  adoptRefreshTokens?: boolean
  /** `iss`: written into every token and required of it. Default none. */
  issuer?: string
  /** `aud`: written into every token and required of it. Default none. */
  audience?: string
  /** Tolerance in seconds (or a string with a unit) for `exp`, `nbf` and `iat`. Default 0. */
  leeway?: Duration
  /** Store of the sessions. Default `memoryStore()`. */
  store?: SessionStore
  /**
   * Revocation check of the guard: a local list, the store at each request, or none. Default
   * `'list'`.
   */
  revocation?: 'list' | 'store' | 'off'
  /** Maximum delay of revocations in other processes, for the list. Default `'1s'`. */
  revocationInterval?: Duration
  /** Entries of the cache of verified tokens. 0 = off. Default 10000. */
  verificationCache?: number
  /** Rate limits of the token routes. False = none. */
  rateLimit?: Partial<RateLimits> | false
  /**
   * Keeps the refresh token in an HttpOnly cookie, and refuses pages of other origins. Default
   * false.
   */
  cookie?: CookieMode | boolean
  /** Path of the token routes. Default `'/api/token'`. */
  prefix?: string
  /** The realm of `WWW-Authenticate`. Default `'api'`. */
  realm?: string
  /**
   * For a second registration: `'staff'` gives `app.staffAuthenticate`, `app.staffTokens` and so
   * on. Requires `prefix`.
   */
  namespace?: string
  /** Receives every audit event. A throw is logged and changes no reply. */
  onEvent?(event: SimpleJwtEvent): void
  /** The clock, in milliseconds since the epoch, for tests. Default `Date.now`. */
  now?(): number
}
