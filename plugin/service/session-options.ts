import { type Duration, duration, flag, refuse } from '../option-checks.ts'
import {
  type Lifetimes, MAX_SESSION_LIFETIME_MS, MAX_TOKEN_LIFETIME_MS
} from '../sessions/session-lifetimes.ts'
import type { RefreshClaims } from '../tokens/claims.ts'
import { refuseReserved, refuseUnclaimable } from './claim-values.ts'

/** Options of one session, for the login that starts it. */
export interface SessionOptions {
  /**
   * Claims that belong to this login: in every access token of the session, over all refreshes. A
   * session claim wins over one of `claims()` of the same name.
   */
  claims?: Record<string, unknown> | undefined
  /** Lifetime of the refresh tokens of this session. Default: the option of the plugin. */
  refreshTokenLifetime?: Duration | undefined
  /** Maximum age of this session. Default: the option of the plugin. */
  sessionLifetime?: Duration | undefined
  /** False: a cookie without Max-Age, which the browser drops when it closes. Default true. */
  persistent?: boolean | undefined
}

/** Checked session options. Lifetimes in milliseconds, undefined for those of the plugin. */
export interface SessionSettings {
  claims: Readonly<Record<string, unknown>>
  refreshLifetime: number | undefined
  sessionLifetime: number | undefined
  persistent: boolean
}

/** The options of the plugin that session options are checked against. */
export type SessionOptionRules =
  Pick<Lifetimes, 'refreshTokenLifetime' | 'sessionLifetime'> & { userIdClaim: string }

const NAMES = new Set(['claims', 'refreshTokenLifetime', 'sessionLifetime', 'persistent'])
const LEAST_MS = 1000

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/**
 * Checks the options of a session.
 * @param source that the errors name, such as `sessionOptions()`
 * @throws TypeError that names the member and its rule
 */
export function resolveSessionOptions (
  given: unknown, rules: SessionOptionRules, source: string
): SessionSettings {
  const options: unknown = given ?? {}
  if (!isObject(options)) {
    throw new TypeError(`fastify-simplejwt: ${source} must be given an object of session options.`)
  }
  for (const name of Object.keys(options)) {
    if (!NAMES.has(name)) {
      refuse(`${source}.${name}`, 'is not known. Remove it, or check its spelling.')
    }
  }
  const { claims = {}, persistent = true } = options
  return {
    claims: checkedClaims(claims, rules, source),
    ...checkedLifetimes(options, rules, source),
    persistent: flag(`${source}.persistent`, persistent)
  }
}

function checkedClaims (
  claims: unknown, { userIdClaim }: SessionOptionRules, source: string
): Record<string, unknown> {
  if (!isObject(claims)) return refuse(`${source}.claims`, 'must be an object of claims.')
  refuseUnclaimable(claims, `${source}.claims`)
  refuseReserved(claims, userIdClaim, `${source}.claims`)
  // A refresh reads the claims from a token, and must find those of the login.
  return JSON.parse(JSON.stringify(claims)) as Record<string, unknown>
}

function checkedLifetimes (
  { refreshTokenLifetime, sessionLifetime }: SessionOptions,
  rules: SessionOptionRules,
  source: string
): Pick<SessionSettings, 'refreshLifetime' | 'sessionLifetime'> {
  const ofSession = sessionLifetime === undefined
    ? undefined
    : duration(`${source}.sessionLifetime`, sessionLifetime, LEAST_MS, MAX_SESSION_LIFETIME_MS)
  if (refreshTokenLifetime === undefined) {
    return { refreshLifetime: undefined, sessionLifetime: ofSession }
  }
  const name = `${source}.refreshTokenLifetime`
  const ofTokens = duration(name, refreshTokenLifetime, LEAST_MS, MAX_TOKEN_LIFETIME_MS)
  if (ofTokens > (ofSession ?? rules.sessionLifetime)) {
    refuse(name, 'must be at most "sessionLifetime".')
  }
  return { refreshLifetime: ofTokens, sessionLifetime: ofSession }
}

/**
 * Returns the claim `session_options`, by which each refresh token hands the options on to its
 * successor. Undefined if no option differs from the plugin's. The row has the session lifetime.
 */
export function sessionOptionsClaim (
  { claims, refreshLifetime, persistent }: SessionSettings
): Record<string, unknown> | undefined {
  const claim = {
    ...(Object.keys(claims).length > 0 && { claims }),
    ...(refreshLifetime !== undefined && { refresh_lifetime: refreshLifetime / 1000 }),
    ...(!persistent && { persistent })
  }
  return Object.keys(claim).length > 0 ? claim : undefined
}

/**
 * Returns the options that a refresh token carries. Only a token of ours has a `sid`: another
 * server must not choose lifetimes.
 */
export function carriedSettings (
  { sid, session_options: carried }: RefreshClaims
): SessionSettings {
  const options = sid !== undefined && isObject(carried) ? carried : {}
  const { claims, refresh_lifetime: seconds, persistent } = options
  return {
    claims: isObject(claims) ? claims : {},
    refreshLifetime: isLifetime(seconds) ? Math.round(seconds * 1000) : undefined,
    sessionLifetime: undefined,
    persistent: persistent !== false
  }
}

const isLifetime = (seconds: unknown): seconds is number =>
  typeof seconds === 'number' && seconds * 1000 >= LEAST_MS &&
  seconds * 1000 <= MAX_TOKEN_LIFETIME_MS
