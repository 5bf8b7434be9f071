interface Details {
  code: string
  status?: number | undefined
  retryAfter?: number | undefined
  body?: unknown
  cause?: unknown
}

/** A login, refresh or logout that failed. Compare its `code`. */
export class AuthError extends Error {
  override readonly name = 'AuthError'
  /** The code of the server, or `unavailable`, or `user_changed`. */
  declare readonly code: string
  /** HTTP status, if the server answered. */
  declare readonly status: number | undefined
  /** Seconds until the next attempt, if the server sent `Retry-After`. */
  declare readonly retryAfter: number | undefined
  /** JSON of the answer. */
  declare readonly body: unknown

  constructor (message: string, details: Details) {
    super(message)
    Object.assign(this, details)
  }
}
