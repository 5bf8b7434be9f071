import type { FastifyRequest } from 'fastify'
import { type CookieMode, resolveCookieMode } from './cookie/cookie-options.ts'
import type { SimpleJwtEvent } from './events.ts'
import { resolveJwksUrl } from './keys/fetch-jwks.ts'
import { type KeyInput, canSign, resolveKeys } from './keys/key-options.ts'
import { type RateLimits, resolveLimits } from './limits/rate-limit-options.ts'
import {
  type Duration, checkedPrefix, checkedRealm, checkedStore, checkedVerifyCredentials,
  duration, flag, oneOf, optionalFunction,
  refuse, text, wholeNumber
} from './option-checks.ts'
import { memoryStore } from './stores/memory.ts'
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
   * Checks a login. Resolves to the user, or to null for an unknown user or a wrong password.
   * Required with a signing key.
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

/**
 * The options with all defaults, durations in milliseconds. `verifyOnly` is true without a signing
 * key; there are no token routes then.
 */
export type ResolvedOptions = Readonly<ReturnType<typeof resolveOptions>>

const HOUR_MS = 3_600_000
/** The plugin refuses tokens with a longer life, so it must not issue any. */
const MAX_LIFETIME_MS = 366 * 24 * HOUR_MS

const NAMES = new Set([
  'secret', 'keys', 'jwksUrl', 'verifyCredentials', 'findUser', 'claims', 'usernameField',
  'accessTokenLifetime', 'refreshTokenLifetime', 'sessionLifetime', 'rotateRefreshTokens',
  'reuseInterval', 'adoptRefreshTokens', 'issuer', 'audience', 'leeway', 'store', 'revocation',
  'revocationInterval', 'verificationCache', 'rateLimit', 'cookie', 'prefix', 'realm', 'namespace',
  'onEvent', 'now'
])

const DEFAULTS = {
  usernameField: 'username',
  accessTokenLifetime: '5m',
  refreshTokenLifetime: '1d',
  sessionLifetime: '30d',
  rotateRefreshTokens: true,
  reuseInterval: '10s',
  adoptRefreshTokens: false,
  leeway: 0,
  revocation: 'list',
  revocationInterval: '1s',
  verificationCache: 10_000,
  prefix: '/api/token',
  realm: 'api',
  now: Date.now
}

/** An undefined option has its default. Null is a bad value. */
function withDefaults (options: SimpleJwtOptions): SimpleJwtOptions & typeof DEFAULTS {
  const given = Object.entries(options).filter(([, value]) => value !== undefined)
  return { ...DEFAULTS, ...Object.fromEntries(given) as SimpleJwtOptions & typeof DEFAULTS }
}

const MAX_NAME = /^[^]{1,500}$/
const MAX_NAME_RULE = 'must be a string of 1 to 500 characters.'

/**
 * Checks the options and fills in the defaults. Does not change the caller's object.
 * @throws TypeError that names the option and its rule
 */
export function resolveOptions (options: SimpleJwtOptions) {
  for (const name of Object.keys(options)) {
    if (!NAMES.has(name)) refuse(name, 'is not known. Remove it, or check its spelling.')
  }
  const given = withDefaults(options)
  const jwksUrl = resolveJwksUrl(given, refuse)
  const keys = jwksUrl === undefined ? resolveKeys(given, refuse) : []
  const verifyOnly = !keys.some(canSign)
  if (given.namespace !== undefined && options.prefix === undefined && !verifyOnly) {
    refuse('prefix', 'is required with "namespace". Pass a path that no other registration has.')
  }
  const lifetime = (name: string, value: unknown): number =>
    duration(name, value, 1000, MAX_LIFETIME_MS)

  return Object.freeze({
    keys,
    jwksUrl,
    verifyOnly,
    verifyCredentials: checkedVerifyCredentials(given.verifyCredentials, verifyOnly),
    findUser: optionalFunction('findUser', given.findUser),
    claims: optionalFunction('claims', given.claims),
    usernameField: text('usernameField', given.usernameField, /^(?!password$|__proto__$).+$/,
      'must be a name other than "password".') as string,
    accessTokenLifetime: lifetime('accessTokenLifetime', given.accessTokenLifetime),
    refreshTokenLifetime: lifetime('refreshTokenLifetime', given.refreshTokenLifetime),
    sessionLifetime:
      duration('sessionLifetime', given.sessionLifetime, 1000, 100 * MAX_LIFETIME_MS),
    rotateRefreshTokens: flag('rotateRefreshTokens', given.rotateRefreshTokens),
    reuseInterval: duration('reuseInterval', given.reuseInterval, 0, HOUR_MS),
    adoptRefreshTokens: flag('adoptRefreshTokens', given.adoptRefreshTokens),
    issuer: text('issuer', given.issuer, MAX_NAME, MAX_NAME_RULE),
    audience: text('audience', given.audience, MAX_NAME, MAX_NAME_RULE),
    leeway: duration('leeway', given.leeway, 0, HOUR_MS),
    store: checkedStore(given.store === undefined ? memoryStore() : given.store),
    revocation: oneOf('revocation', given.revocation, ['list', 'store', 'off']),
    revocationInterval: duration('revocationInterval', given.revocationInterval, 10, HOUR_MS),
    verificationCache: wholeNumber('verificationCache', given.verificationCache),
    rateLimit: resolveLimits(given.rateLimit, refuse),
    cookie: resolveCookieMode(given.cookie, refuse),
    prefix: checkedPrefix(given.prefix),
    realm: checkedRealm(given.realm),
    namespace: text('namespace', given.namespace, /^[a-z][A-Za-z0-9]*$/,
      "must be a name in camel case, such as 'staff'."),
    onEvent: optionalFunction('onEvent', given.onEvent),
    now: optionalFunction('now', given.now) as () => number
  })
}
