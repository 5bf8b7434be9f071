import type { Duration } from '../option-checks.ts'

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
