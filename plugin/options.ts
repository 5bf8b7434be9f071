import type { FastifyRequest } from 'fastify'
import { parse } from '@lukeed/ms'
import type { SimpleJwtEvent } from './events.ts'
import { type KeyInput, resolveKeys } from './keys.ts'
import { memoryStore } from './stores/memory.ts'
import type { SessionStore } from './stores/store.ts'

/** A user as the plugin sees one; the host's own has more. */
export interface User {
  /** Goes into every token as the string claim `user_id`. */
  id: string | number | bigint
  /** False: no login, no refresh. Absent means active. */
  isActive?: boolean
}

/** What a client sends to log in: the login field under its name, and `password`. */
export interface Credentials { username: string, password: string, [field: string]: string }

/** Requests that one minute allows. Each is consumed before the password check or the token check. */
export interface RateLimits {
  /** Logins per client address (IPv6 by its /64). Default 30. */
  loginPerAddress: number
  /** Logins per user name, whatever its case or Unicode form. Default 5. */
  loginPerUsername: number
  /** Refreshes per client address. Default 300. */
  refreshPerAddress: number
}

/** A number of seconds, or a string with a unit such as `'5m'`. */
export type Duration = number | string

/** Options of the plugin. All are checked when it is registered; a bad or unknown one stops the start with its name. */
export interface SimpleJwtOptions {
  /** The HS256 secret, at least 32 bytes: short for one entry of `keys`. */
  secret?: string | Buffer
  /** Keys. The first signs, all verify. This version takes HS256 keys. */
  keys?: KeyInput[]
  /** Verify only, with the public keys of another server (JWKS). Not supported yet. */
  jwksUrl?: string
  /** Checks a login: resolves to the user, or to null for an unknown user and a wrong password alike. Required. */
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
  /** Refresh token in an HttpOnly cookie. Only false is supported yet. */
  cookie?: false
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

/** The options with every default filled in; all durations in milliseconds. */
export type ResolvedOptions = Readonly<ReturnType<typeof resolveOptions>>

const DAY = 86_400_000
/** No token is accepted that lives longer, so none may be configured to. */
export const LONGEST_LIFE = 366 * DAY

const NAMES = new Set(['secret', 'keys', 'jwksUrl', 'verifyCredentials', 'findUser', 'claims', 'usernameField',
  'accessTokenLifetime', 'refreshTokenLifetime', 'sessionLifetime', 'rotateRefreshTokens', 'reuseInterval',
  'adoptRefreshTokens', 'issuer', 'audience', 'leeway', 'store', 'revocation', 'revocationInterval', 'verificationCache',
  'rateLimit', 'cookie', 'prefix', 'realm', 'namespace', 'onEvent', 'now'])
const STORE_VERBS = ['create', 'adopt', 'find', 'rotate', 'revoke', 'revokeUser', 'list', 'revokedSince', 'sweep'] as const
const LIMITS: RateLimits = { loginPerAddress: 30, loginPerUsername: 5, refreshPerAddress: 300 }

function refuse (name: string, rule: string): never {
  throw new TypeError(`fastify-simplejwt: option "${name}" ${rule}`)
}

/**
 * Checks the options and fills in the defaults. The caller's object is not changed.
 * @throws TypeError that names the option and says what it may be
 */
export function resolveOptions (given: SimpleJwtOptions) {
  for (const name of Object.keys(given)) if (!NAMES.has(name)) refuse(name, 'is not known.')

  const duration = (name: 'accessTokenLifetime' | 'refreshTokenLifetime' | 'sessionLifetime' | 'reuseInterval' | 'leeway' | 'revocationInterval',
    fallback: Duration, least: number, most: number): number => {
    const value = given[name] ?? fallback
    const unit = typeof value === 'string' && /[a-z]/i.test(value)
    const ms = typeof value === 'number' ? value * 1000 : unit ? parse(value) : undefined
    if (ms === undefined || !Number.isFinite(ms) || ms < least || ms > most) {
      refuse(name, `must be a number of seconds or a string such as '5m', from ${least / 1000} to ${most / 1000} seconds.`)
    }
    return ms
  }
  const flag = (name: 'rotateRefreshTokens' | 'adoptRefreshTokens', fallback: boolean): boolean => {
    const value = given[name] ?? fallback
    return typeof value === 'boolean' ? value : refuse(name, 'must be true or false.')
  }
  const text = (name: 'usernameField' | 'issuer' | 'audience' | 'realm' | 'prefix' | 'namespace', pattern: RegExp, rule: string): string | undefined => {
    const value: unknown = given[name]
    return value === undefined || (typeof value === 'string' && pattern.test(value)) ? value : refuse(name, rule)
  }
  const callback = <Name extends 'verifyCredentials' | 'findUser' | 'claims' | 'onEvent' | 'now'>(name: Name): SimpleJwtOptions[Name] => {
    const value = given[name]
    return value === undefined || typeof value === 'function' ? value : refuse(name, 'must be a function.')
  }

  if (given.jwksUrl !== undefined) refuse('jwksUrl', 'is not supported yet.')
  if (given.cookie !== undefined && given.cookie !== false) refuse('cookie', 'must be false: cookie mode is not supported yet.')
  const verifyCredentials = callback('verifyCredentials') ?? refuse('verifyCredentials', 'is required: a function that resolves to the user or null.')
  const namespace = text('namespace', /^[a-z][A-Za-z0-9]*$/, 'must be a name such as \'staff\', in camel case.')
  if (namespace !== undefined && given.prefix === undefined) refuse('prefix', 'must be given when "namespace" is.')
  const revocation = given.revocation ?? 'list'
  if (!['list', 'store', 'off'].includes(revocation)) refuse('revocation', 'must be \'list\', \'store\' or \'off\'.')
  const verificationCache = given.verificationCache ?? 10_000
  if (!Number.isInteger(verificationCache) || verificationCache < 0) refuse('verificationCache', 'must be a whole number, 0 or more.')
  const store = given.store ?? memoryStore()
  for (const verb of STORE_VERBS) if (typeof store[verb] !== 'function') refuse('store', `must be a session store: it has no ${verb}().`)

  return Object.freeze({
    keys: resolveKeys(given, refuse),
    verifyCredentials,
    findUser: callback('findUser'),
    claims: callback('claims'),
    usernameField: text('usernameField', /^(?!password$|__proto__$).+$/, 'must be a name other than "password".') ?? 'username',
    accessTokenLifetime: duration('accessTokenLifetime', '5m', 1000, LONGEST_LIFE),
    refreshTokenLifetime: duration('refreshTokenLifetime', '1d', 1000, LONGEST_LIFE),
    sessionLifetime: duration('sessionLifetime', '30d', 1000, 100 * LONGEST_LIFE),
    rotateRefreshTokens: flag('rotateRefreshTokens', true),
    reuseInterval: duration('reuseInterval', '10s', 0, 3_600_000),
    adoptRefreshTokens: flag('adoptRefreshTokens', false),
    issuer: text('issuer', /./, 'must be a string that is not empty.'),
    audience: text('audience', /./, 'must be a string that is not empty.'),
    leeway: duration('leeway', 0, 0, 600_000),
    store,
    revocation,
    revocationInterval: duration('revocationInterval', '1s', 10, 3_600_000),
    verificationCache,
    rateLimit: given.rateLimit === false ? false as const : resolveLimits(given.rateLimit ?? {}),
    prefix: (text('prefix', /^(\/[^/?#:*]+)+\/?$/, 'must be a path such as \'/api/token\'.') ?? '/api/token').replace(/\/$/, ''),
    realm: text('realm', /^[\x20-\x7e]+$/, 'must be printable ASCII.')?.replace(/["\\]/g, '\\$&') ?? 'api',
    namespace,
    onEvent: callback('onEvent'),
    now: callback('now') ?? Date.now
  })
}

function resolveLimits (given: Partial<RateLimits>): RateLimits {
  if (typeof given !== 'object' || given === null) refuse('rateLimit', 'must be false or an object of limits.')
  for (const [name, limit] of Object.entries(given)) {
    if (!Object.hasOwn(LIMITS, name)) refuse(`rateLimit.${name}`, 'is not known.')
    if (!Number.isInteger(limit) || limit < 1) refuse(`rateLimit.${name}`, 'must be a whole number of requests a minute, 1 or more.')
  }
  return Object.freeze({ ...LIMITS, ...given })
}
