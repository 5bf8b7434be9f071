import type { Refuse } from '../option-checks.ts'

/** Options of cookie mode. */
export interface CookieMode {
  /**
   * Other origins whose pages may log in, refresh and log out, such as `'https://app.example.com'`.
   * They must be on the same site (SameSite=Strict), and the host's CORS must allow credentials.
   * Default none: only pages of the server's own origin.
   */
  origins?: string[] | undefined
  /**
   * Serves apps too: a request with neither `Origin` nor `Sec-Fetch-Site` is no browser's, and
   * carries its refresh token in the body. Default false.
   */
  bodyForApps?: boolean | undefined
}

/** The option `cookie` with its defaults. */
export interface ResolvedCookieMode { origins: string[], bodyForApps: boolean }

/** Checks the option `cookie`. */
export function resolveCookieMode (
  given: CookieMode | boolean | undefined, refuse: Refuse
): Readonly<ResolvedCookieMode> | false {
  if (given === undefined || given === false) return false
  if (given === true) return { origins: [], bodyForApps: false }
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    return refuse('cookie', 'must be true, false or an object with "origins" and "bodyForApps".')
  }
  for (const name of Object.keys(given)) {
    if (name !== 'origins' && name !== 'bodyForApps') {
      refuse(`cookie.${name}`, 'is not known. Remove it, or check its spelling.')
    }
  }
  const { origins = [], bodyForApps = false } = given
  if (!Array.isArray(origins) || !origins.every(isOrigin)) {
    return refuse(
      'cookie.origins', "must be an array of origins such as 'https://app.example.com'."
    )
  }
  if (typeof bodyForApps !== 'boolean') {
    return refuse('cookie.bodyForApps', 'must be true or false.')
  }
  return { origins: [...origins], bodyForApps }
}

/** Returns whether a browser would send this text as an origin (RFC 6454 section 6.2). */
const isOrigin = (text: unknown): boolean =>
  typeof text === 'string' &&
  /^https?:\/\/[^*]+$/.test(text) &&
  URL.canParse(text) &&
  new URL(text).origin === text
