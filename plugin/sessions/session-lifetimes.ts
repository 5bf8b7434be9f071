import { type Duration, duration, refuse } from '../option-checks.ts'

/** Lifetimes as the host gives them. */
export interface GivenLifetimes {
  accessTokenLifetime?: Duration | undefined
  refreshTokenLifetime?: Duration | undefined
  sessionLifetime?: Duration | undefined
}

/** Lifetimes in milliseconds. None outlives the next. */
export interface Lifetimes {
  accessTokenLifetime: number
  refreshTokenLifetime: number
  sessionLifetime: number
}

const SECOND_MS = 1000
const DAY_MS = 86_400_000
/** The plugin refuses tokens with a longer life, so it must not issue any. */
export const MAX_TOKEN_LIFETIME_MS = 366 * DAY_MS
export const MAX_SESSION_LIFETIME_MS = 100 * MAX_TOKEN_LIFETIME_MS

const DEFAULT_ACCESS_LIFETIME_MS = 300_000
const DEFAULT_REFRESH_LIFETIME_MS = DAY_MS
const DEFAULT_SESSION_LIFETIME_MS = 30 * DAY_MS

/**
 * Checks the lifetimes and fills in the defaults, which give way to a shorter limit.
 * @throws TypeError for a lifetime that is longer than the next one
 */
export function resolveLifetimes (given: GivenLifetimes): Lifetimes {
  const sessionLifetime = given.sessionLifetime === undefined
    ? DEFAULT_SESSION_LIFETIME_MS
    : duration('sessionLifetime', given.sessionLifetime, SECOND_MS, MAX_SESSION_LIFETIME_MS)
  const refreshTokenLifetime = tokenLifetime(
    'refreshTokenLifetime', given.refreshTokenLifetime, DEFAULT_REFRESH_LIFETIME_MS,
    { name: 'sessionLifetime', lifetime: sessionLifetime })
  const accessTokenLifetime = tokenLifetime(
    'accessTokenLifetime', inSeconds(given.accessTokenLifetime), DEFAULT_ACCESS_LIFETIME_MS,
    { name: 'refreshTokenLifetime', lifetime: refreshTokenLifetime })
  return { accessTokenLifetime, refreshTokenLifetime, sessionLifetime }
}

function tokenLifetime (
  name: string,
  given: Duration | undefined,
  usual: number,
  limit: { name: string, lifetime: number }
): number {
  if (given === undefined) return Math.min(usual, limit.lifetime)
  const lifetime = duration(name, given, SECOND_MS, MAX_TOKEN_LIFETIME_MS)
  return lifetime <= limit.lifetime
    ? lifetime
    : refuse(name, `must be at most "${limit.name}".`)
}

/** A day has 86,400 seconds, and a host that means minutes may write 300000 milliseconds. */
function inSeconds (given: Duration | undefined): Duration | undefined {
  return typeof given === 'number' && given * SECOND_MS > DAY_MS
    ? refuse('accessTokenLifetime', "is over a day in seconds. Use a string with a unit, '2d'.")
    : given
}
