import type { FastifyRequest } from 'fastify'
import type { CookieMode } from './cookie/cookie-options.ts'
import type { SimpleJwtEvent } from './events.ts'
import type { TokenPaths } from './http/token-paths.ts'
import type { KeyInput } from './keys/key-options.ts'
import type { RateLimits } from './limits/rate-limit-options.ts'
import type { Duration } from './option-checks.ts'
import type { SessionOptions } from './service/session-options.ts'
import type { SessionStore } from './stores/store.ts'
import type { RefreshClaims } from './tokens/claims.ts'
import type { RefreshedTokens } from './tokens/jwt.ts'
import type { Account, Credentials } from './user.ts'

/**
 * A callback of the host. TypeScript compares methods loosely, so the host may annotate a parameter
 * with its own type of user.
 */
type Callback<Parameters extends unknown[], Result> =
  | { method(...parameters: Parameters): Result }['method']
  | undefined

type Awaitable<Value> = Promise<Value> | Value

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
  keys?: KeyInput[] | undefined
  /** Verify only, with another server's keys: the URL of its JWK set, https or http to loopback. */
  jwksUrl?: string | undefined
  /**
   * Checks a login. Resolves to the user, or to null for an unknown user or a wrong password. A
   * throw is a failed login too, except with a status of 5xx. Without it there is no login route.
   */
  verifyCredentials?: Callback<
    [credentials: Credentials, request: FastifyRequest], Awaitable<Account | null>
  >
  /**
   * Looks a user up again: at every refresh, and for `authenticateUser`. `app.tokens` passes no
   * request.
   */
  findUser?: Callback<[userId: string, request?: FastifyRequest], Awaitable<Account | null>>
  /**
   * Custom claims for the access token. Computed again at each refresh with `findUser`, otherwise
   * carried in the refresh token.
   */
  claims?: Callback<
    [user: Account, request?: FastifyRequest], Awaitable<Record<string, unknown>>
  >
  /** Name of the login field in the body. Default `'username'`. */
  usernameField?: string | undefined
  /** Most characters of the login field, 1 to 8192. Default 255. */
  usernameMaxLength?: number | undefined
  /**
   * Further fields of the login body, each with its JSON schema, to validate and document them.
   * Default none: the package checks the login field and the password only.
   */
  loginFields?: Record<string, Record<string, unknown>> | undefined
  /** Members to add to the answer of a login, beside the tokens. It cannot replace a token. */
  loginResponse?: Callback<
    [user: Account, tokens: RefreshedTokens, request: FastifyRequest],
    Awaitable<Record<string, unknown>>
  >
  /** Claims, lifetimes and persistence of the session that a login starts. */
  sessionOptions?: Callback<
    [user: Account, credentials: Credentials, request: FastifyRequest], Awaitable<SessionOptions>
  >
  /** Default `'5m'`, and at most the lifetime of a refresh token. */
  accessTokenLifetime?: Duration | undefined
  /** Default `'1d'`, and at most `sessionLifetime`. */
  refreshTokenLifetime?: Duration | undefined
  /** Maximum age of a session, however often it is refreshed. Default `'30d'`. */
  sessionLifetime?: Duration | undefined
  /**
   * False: a refresh returns only an access token, and the refresh token stays valid. Default true.
   */
  rotateRefreshTokens?: boolean | undefined
  /**
   * Time in which a spent refresh token returns the same successor. 0 = strict. Default `'10s'`.
   */
  reuseInterval?: Duration | undefined
  /**
   * Addresses that may present a spent token again within `reuseInterval`: all, or only that of
   * the rotation (IPv6 by its /64). From another address it is reuse. Default `'anywhere'`.
   */
  replayFrom?: 'anywhere' | 'sameAddress' | undefined
  /**
   * Accepts refresh tokens that a Django SimpleJWT minted with the same secret. A function decides
   * for each token, by its claims. Default false.
   */
  adoptRefreshTokens?:
    | boolean
    | Callback<[claims: RefreshClaims, request?: FastifyRequest], Awaitable<boolean>>
  /** The claim that holds the user id, in every token. Default `'user_id'`. */
  userIdClaim?: string | undefined
  /** `iss`: written into every token and required of it. Default none. */
  issuer?: string | undefined
  /** `aud`: written into every token and required of it. Default none. */
  audience?: string | undefined
  /** Tolerance in seconds (or a string with a unit) for `exp`, `nbf` and `iat`. Default 0. */
  leeway?: Duration | undefined
  /** Store of the sessions. Default `memoryStore()`. */
  store?: SessionStore | undefined
  /**
   * Revocation check of the guard: a local list, the store at each request, or none. Default
   * `'list'`.
   */
  revocation?: 'list' | 'store' | 'off' | undefined
  /** Maximum delay of revocations in other processes, for the list. Default `'1s'`. */
  revocationInterval?: Duration | undefined
  /** Entries of the cache of verified tokens. 0 = off. Default 10000. */
  verificationCache?: number | undefined
  /** Rate limits of the token routes. False = none. */
  rateLimit?: Partial<RateLimits> | false | undefined
  /**
   * Keeps the refresh token in an HttpOnly cookie, and refuses pages of other origins. Default
   * false.
   */
  cookie?: CookieMode | boolean | undefined
  /** Path of the token routes. Default `'/api/token'`. */
  // Fastify's own type of the option takes no undefined.
  prefix?: string
  /** Paths of single token routes, below the scope. False: no such route. Default by `prefix`. */
  paths?: TokenPaths | undefined
  /**
   * Guards each route that the scope registers after the plugin, except those with
   * `config: { public: true }`. Default false.
   */
  guardByDefault?: boolean | undefined
  /**
   * Returns the access token of a request, for every guard. Default: the bearer token of the
   * `Authorization` header (RFC 6750 section 2.1).
   */
  extractToken?: Callback<[request: FastifyRequest], string | undefined>
  /** The realm of `WWW-Authenticate`. Default `'api'`. */
  realm?: string | undefined
  /**
   * The URL of the protected resource metadata of this API (RFC 9728). Each `WWW-Authenticate` of a
   * 401 and 403 then has it, and those of a route that requires scopes list them. For MCP clients.
   * Default none.
   */
  resourceMetadata?: string | undefined
  /**
   * For a second registration: `'staff'` gives `app.staffAuthenticate`, `app.staffTokens` and so
   * on. Requires `prefix`.
   */
  namespace?: string | undefined
  /** Receives every audit event. A throw is logged and changes no reply. */
  onEvent?: Callback<[event: SimpleJwtEvent], void>
  /**
   * Called in every process, once for each session that is revoked, within `revocationInterval`.
   * A throw is logged.
   */
  onSessionEnded?: Callback<[sid: string], void>
  /** The clock, in milliseconds since the epoch, for tests. Default `() => Date.now()`. */
  now?: Callback<[], number>
}
