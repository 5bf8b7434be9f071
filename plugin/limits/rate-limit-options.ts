import type { Refuse } from '../option-checks.ts'

/**
 * Requests allowed per minute. A login counts before the password check, a good token before the
 * store call.
 */
export interface RateLimits {
  /** Logins per client address (IPv6 by its /64). Default 30. */
  loginPerAddress: number
  /** Logins per user name. Ignores its case, accents and Unicode form. Default 5. */
  loginPerUsername: number
  /**
   * Refused requests per client address: at refresh, verify, blacklist and sessions together.
   * Default 300.
   */
  refreshPerAddress: number
  /**
   * Requests with a good token per session: at each of refresh, verify, blacklist and sessions.
   * Default 300.
   */
  refreshPerSession: number
}

const DEFAULTS: RateLimits = {
  loginPerAddress: 30, loginPerUsername: 5, refreshPerAddress: 300, refreshPerSession: 300
}

/** Checks the option `rateLimit` and fills in the defaults. */
export function resolveLimits (
  given: Partial<RateLimits> | false | undefined, refuse: Refuse
): Readonly<RateLimits> | false {
  if (given === false) return false
  if (
    given !== undefined &&
    (typeof given !== 'object' || given === null || Array.isArray(given))
  ) {
    return refuse('rateLimit', 'must be false or an object of limits.')
  }
  const limits = Object.entries(given ?? {}).filter(([, limit]) => limit !== undefined)
  for (const [name, limit] of limits) {
    if (!Object.hasOwn(DEFAULTS, name)) {
      refuse(`rateLimit.${name}`, 'is not known. Remove it, or check its spelling.')
    }
    if (!Number.isInteger(limit) || limit < 1) {
      refuse(`rateLimit.${name}`, 'must be a whole number of requests a minute, 1 or more.')
    }
  }
  return Object.freeze({ ...DEFAULTS, ...Object.fromEntries(limits) })
}
