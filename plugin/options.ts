import type { FastifyRequest } from 'fastify'
import { type CookieMode, resolveCookieMode } from './cookie/cookie-options.ts'
import type { SimpleJwtEvent } from './events.ts'
import { resolveJwksUrl } from './keys/jwks-url.ts'
import { type KeyInput, canSign, resolveKeys } from './keys/key-options.ts'
import { type Duration, duration, flag, oneOf, optionalFunction, refuse, text, wholeNumber, withMethods } from './option-checks.ts'
import { type RateLimits, resolveLimits } from './limits/rate-limit-options.ts'
import { memoryStore } from './stores/memory.ts'
import type { SessionStore } from './stores/store.ts'
import type { Credentials, User } from './user.ts'

/** Options of the plugin. All are checked when it is registered; a bad or unknown one stops the start with its name. */
export interface SimpleJwtOptions {
  /** The HS256 secret, at least 32 bytes: short for one entry of `keys`. */
  secret?: string | Buffer | undefined
  /** Keys, each with its algorithm. The first that can sign signs, all verify. With none that can, tokens are only verified. */
  keys?: KeyInput[]
  /** Verify only, with the public keys of another server: the address of its JWK set, https or http to a loopback address. */
  jwksUrl?: string
  /** Checks a login: resolves to the user, or to null for an unknown user and a wrong password alike. Required where there is a key to sign with. */
  verifyCredentials?(credentials: Credentials, request: FastifyRequest): Promise<User | null> | User | null
  /** Looks a user up again: at every refresh, and for `authenticateUser`. Without a request when called by `app.tokens`. */
  findUser?(userId: string, request?: FastifyRequest): Promise<User | null> | User | null
  /** Custom claims for the access token. With `findUser` computed again at each refresh, else carried in the refresh token. */
  claims?(user: User, request?: FastifyRequest): Promise<Record<string, unknown>> | Record<string, unknown>
  /** Name of the login field in the body. Default `'username'`. */
  usernameField?: string
  /** Default `'5m'`. */
  accessTokenLifetime?: Duration
  /** Default `'1d'`. */
  refreshTokenLifetime?: Duration
  /** A session ends after this long, however often it is refreshed. Default `'30d'`. */
  sessionLifetime?: Duration
  /** False: a refresh answers with an access token alone and the refresh token stays good. Default true. */
  rotateRefreshTokens?: boolean
  /** How long the refresh token just spent still answers, with the same successor. 0 = strict. Default `'10s'`. */
  reuseInterval?: Duration
  /** Accept refresh tokens that a Django SimpleJWT minted with the same secret. Default false. */
  adoptRefreshTokens?: boolean
  /** `iss`: written into every token and required of it. Default none. */
  issuer?: string
  /** `aud`: written into every token and required of it. Default none. */
  audience?: string
  /** Tolerance in seconds (or a string with a unit) for `exp`, `nbf` and `iat`. Default 0. */
  leeway?: Duration
  /** Where sessions live. Default `memoryStore()`. */
  store?: SessionStore
  /** How the guard learns of ended sessions: a list in this process, the store at each request, or not at all. Default `'list'`. */
  revocation?: 'list' | 'store' | 'off'
  /** How often the list is fed from a store that other processes share. Default `'1s'`. */
  revocationInterval?: Duration
  /** Entries of the cache of verified tokens; 0 = none. Default 10000. */
  verificationCache?: number
  /** Limits of the token routes; false = none. */
  rateLimit?: Partial<RateLimits> | false
  /** Refresh token in an HttpOnly cookie, for browsers, and never in a body; pages of other origins are refused. Default false. */
  cookie?: CookieMode | boolean
  /** Path of the token routes. Default `'/api/token'`. */
  prefix?: string
  /** The realm of `WWW-Authenticate`. Default `'api'`. */
  realm?: string
  /** For a further registration: `'staff'` gives `app.staffAuthenticate`, `app.staffTokens` and so on. `prefix` must be given then. */
  namespace?: string
  /** Told of every audit event. What it throws is logged and changes no answer. */
  onEvent?(event: SimpleJwtEvent): void
  /** The clock, in milliseconds since the epoch, for tests. Default `Date.now`. */
  now?(): number
}

/** The options with every default filled in; all durations in milliseconds. `verifyOnly`: without a key that can sign there are no token routes. */
export type ResolvedOptions = Readonly<ReturnType<typeof resolveOptions>>

const HOUR = 3_600_000
/** No token is accepted that lives longer, so none may be configured to. */
const LONGEST_LIFE = 366 * 24 * HOUR

const NAMES = new Set(['secret', 'keys', 'jwksUrl', 'verifyCredentials', 'findUser', 'claims', 'usernameField',
  'accessTokenLifetime', 'refreshTokenLifetime', 'sessionLifetime', 'rotateRefreshTokens', 'reuseInterval',
  'adoptRefreshTokens', 'issuer', 'audience', 'leeway', 'store', 'revocation', 'revocationInterval', 'verificationCache',
  'rateLimit', 'cookie', 'prefix', 'realm', 'namespace', 'onEvent', 'now'])

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

function sharedOrNot (store: SessionStore): SessionStore {
  return typeof store.shared === 'boolean' ? store : refuse('store', 'must say whether it is shared: true or false.')
}

/** Where nobody can log in. */
function nobody (verifyCredentials: unknown): () => null {
  return verifyCredentials === undefined ? () => null : refuse('verifyCredentials', 'cannot be given: without a key that can sign nobody can log in here.')
}

/**
 * Checks the options and fills in the defaults. The caller's object is not changed.
 * @throws TypeError that names the option and says what it may be
 */
export function resolveOptions (options: SimpleJwtOptions) {
  for (const name of Object.keys(options)) if (!NAMES.has(name)) refuse(name, 'is not known.')
  // An option that is undefined has its default, as if it were absent; null is a bad value.
  const given = { ...DEFAULTS, ...Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as SimpleJwtOptions }
  const jwksUrl = resolveJwksUrl(given, refuse)
  const keys = jwksUrl === undefined ? resolveKeys(given, refuse) : []
  const verifyOnly = !keys.some(canSign)
  if (given.namespace !== undefined && options.prefix === undefined && !verifyOnly) refuse('prefix', 'must be given when "namespace" is.')

  return Object.freeze({
    keys,
    jwksUrl,
    verifyOnly,
    verifyCredentials: verifyOnly ? nobody(given.verifyCredentials) : optionalFunction('verifyCredentials', given.verifyCredentials) ?? refuse('verifyCredentials', 'is required: a function that resolves to the user or null.'),
    findUser: optionalFunction('findUser', given.findUser),
    claims: optionalFunction('claims', given.claims),
    usernameField: text('usernameField', given.usernameField, /^(?!password$|__proto__$).+$/, 'must be a name other than "password".') as string,
    accessTokenLifetime: duration('accessTokenLifetime', given.accessTokenLifetime, 1000, LONGEST_LIFE),
    refreshTokenLifetime: duration('refreshTokenLifetime', given.refreshTokenLifetime, 1000, LONGEST_LIFE),
    sessionLifetime: duration('sessionLifetime', given.sessionLifetime, 1000, 100 * LONGEST_LIFE),
    rotateRefreshTokens: flag('rotateRefreshTokens', given.rotateRefreshTokens),
    reuseInterval: duration('reuseInterval', given.reuseInterval, 0, HOUR),
    adoptRefreshTokens: flag('adoptRefreshTokens', given.adoptRefreshTokens),
    issuer: text('issuer', given.issuer, /^[^]{1,500}$/, 'must be a string of 1 to 500 characters.'),
    audience: text('audience', given.audience, /^[^]{1,500}$/, 'must be a string of 1 to 500 characters.'),
    leeway: duration('leeway', given.leeway, 0, HOUR),
    store: sharedOrNot(withMethods('store', given.store === undefined ? memoryStore() : given.store, ['create', 'adopt', 'find', 'rotate', 'revoke', 'revokeUser', 'list', 'revokedSince', 'sweep'])),
    revocation: oneOf('revocation', given.revocation, ['list', 'store', 'off']),
    revocationInterval: duration('revocationInterval', given.revocationInterval, 10, HOUR),
    verificationCache: wholeNumber('verificationCache', given.verificationCache),
    rateLimit: resolveLimits(given.rateLimit, refuse),
    cookie: resolveCookieMode(given.cookie, refuse),
    prefix: (text('prefix', given.prefix, /^(\/[\w.~-]*[\w~-][\w.~-]*)+\/?$/, "must be a path such as '/api/token'.") as string).replace(/\/$/, ''),
    realm: text('realm', given.realm, /^[\x20-\x7e]+$/, 'must be printable ASCII.')?.replace(/["\\]/g, '\\$&') as string,
    namespace: text('namespace', given.namespace, /^[a-z][A-Za-z0-9]*$/, "must be a name in camel case, such as 'staff'."),
    onEvent: optionalFunction('onEvent', given.onEvent),
    now: optionalFunction('now', given.now) as () => number
  })
}
