import { resolveCookieMode } from './cookie/cookie-options.ts'
import { resolveLoginFields } from './http/login-fields.ts'
import { resolvePaths } from './http/token-paths.ts'
import { resolveJwksUrl } from './keys/fetch-jwks.ts'
import { canSign, resolveKeys } from './keys/key-options.ts'
import { resolveLimits } from './limits/rate-limit-options.ts'
import {
  checkedPrefix, checkedRealm, checkedResourceMetadata, checkedStore, checkedVerifyCredentials,
  duration, flag, flagOrFunction, hostFunction, oneOf, optionalFunction, refuse, text, wholeNumber
} from './option-checks.ts'
import type { SimpleJwtOptions } from './options.ts'
import { resolveLifetimes } from './sessions/session-lifetimes.ts'
import { memoryStore } from './stores/memory.ts'

/**
 * The options with all defaults, durations in milliseconds. `verifyOnly` is true without a signing
 * key; there are no token routes then.
 */
export type ResolvedOptions = Readonly<ReturnType<typeof resolveOptions>>

const HOUR_MS = 3_600_000

const NAMES = new Set([
  'secret', 'keys', 'jwksUrl', 'verifyCredentials', 'findUser', 'claims', 'usernameField',
  'usernameMaxLength', 'loginFields', 'loginResponse', 'sessionOptions', 'accessTokenLifetime',
  'refreshTokenLifetime', 'sessionLifetime', 'rotateRefreshTokens', 'reuseInterval', 'replayFrom',
  'adoptRefreshTokens', 'userIdClaim', 'issuer', 'audience', 'leeway', 'store', 'revocation',
  'revocationInterval', 'verificationCache', 'rateLimit', 'cookie', 'prefix', 'paths',
  'guardByDefault', 'extractToken', 'realm', 'resourceMetadata', 'namespace', 'onEvent',
  'onSessionEnded', 'now'
])

const DEFAULTS = {
  usernameField: 'username',
  usernameMaxLength: 255,
  rotateRefreshTokens: true,
  reuseInterval: '10s',
  replayFrom: 'anywhere',
  adoptRefreshTokens: false as Exclude<SimpleJwtOptions['adoptRefreshTokens'], undefined>,
  userIdClaim: 'user_id',
  leeway: 0,
  revocation: 'list',
  revocationInterval: '1s',
  verificationCache: 10_000,
  prefix: '/api/token',
  guardByDefault: false,
  realm: 'api',
  // Read at each call, so that fake timers may replace it.
  now: () => Date.now()
}

/** An undefined option has its default. Null is a bad value. */
function withDefaults (options: SimpleJwtOptions): SimpleJwtOptions & typeof DEFAULTS {
  const given = Object.entries(options).filter(([, value]) => value !== undefined)
  return { ...DEFAULTS, ...Object.fromEntries(given) as SimpleJwtOptions & typeof DEFAULTS }
}

const MAX_USERNAME_LENGTH = 8192

function usernameLength (value: number): number {
  return Number.isInteger(value) && value >= 1 && value <= MAX_USERNAME_LENGTH
    ? value
    : refuse(
      'usernameMaxLength', `must be a whole number of characters, 1 to ${MAX_USERNAME_LENGTH}.`)
}

/** The plugin writes the other claims of a token. */
const USER_ID_CLAIM =
  /^(?!(?:token_type|exp|iat|nbf|jti|sid|client_id|iss|aud|__proto__)$)[^]{1,100}$/
const USER_ID_CLAIM_RULE = "must be the name of a claim such as 'user_id', 'id' or 'sub'."

/** Options of the login route, which needs `verifyCredentials`. */
function refuseUnusedOptions (given: SimpleJwtOptions): void {
  const names = ['loginFields', 'sessionOptions'] as const
  const name = names.find(name => given[name] !== undefined) ??
    (typeof given.paths?.obtain === 'string' ? 'paths.obtain' : undefined)
  if (name !== undefined) refuse(name, 'is for the login route, which needs "verifyCredentials".')
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
  if (given.verifyCredentials === undefined && !verifyOnly) refuseUnusedOptions(given)

  return Object.freeze({
    keys,
    jwksUrl,
    verifyOnly,
    verifyCredentials: checkedVerifyCredentials(given.verifyCredentials, verifyOnly),
    findUser: hostFunction('findUser', given.findUser),
    claims: hostFunction('claims', given.claims),
    usernameField: text('usernameField', given.usernameField, /^(?!password$|__proto__$).+$/,
      'must be a name other than "password".') as string,
    usernameMaxLength: usernameLength(given.usernameMaxLength),
    loginFields: resolveLoginFields(given.loginFields, given.usernameField, refuse),
    loginResponse: hostFunction('loginResponse', given.loginResponse),
    sessionOptions: hostFunction('sessionOptions', given.sessionOptions),
    ...resolveLifetimes(given),
    rotateRefreshTokens: flag('rotateRefreshTokens', given.rotateRefreshTokens),
    reuseInterval: duration('reuseInterval', given.reuseInterval, 0, HOUR_MS),
    replayFrom: oneOf('replayFrom', given.replayFrom, ['anywhere', 'sameAddress']),
    adoptRefreshTokens: flagOrFunction('adoptRefreshTokens', given.adoptRefreshTokens),
    userIdClaim:
      text('userIdClaim', given.userIdClaim, USER_ID_CLAIM, USER_ID_CLAIM_RULE) as string,
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
    paths: resolvePaths(given.paths, refuse),
    guardByDefault: flag('guardByDefault', given.guardByDefault),
    extractToken: hostFunction('extractToken', given.extractToken),
    realm: checkedRealm(given.realm),
    resourceMetadata: checkedResourceMetadata(given.resourceMetadata),
    namespace: text('namespace', given.namespace, /^[a-z][A-Za-z0-9]*$/,
      "must be a name in camel case, such as 'staff'."),
    onEvent: optionalFunction('onEvent', given.onEvent),
    onSessionEnded: optionalFunction('onSessionEnded', given.onSessionEnded),
    now: optionalFunction('now', given.now) as () => number
  })
}
