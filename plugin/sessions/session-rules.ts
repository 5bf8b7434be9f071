/** The options that a session depends on. Times in milliseconds. */
export interface SessionRules {
  refreshTokenLifetime: number
  sessionLifetime: number
  accessTokenLifetime: number
  leeway: number
  reuseInterval: number
  rotateRefreshTokens: boolean
  replayFrom: 'anywhere' | 'sameAddress'
}

/**
 * Settings of a new session. Lifetimes in milliseconds. Default: those of the rules, and a login of
 * the user.
 */
export interface SessionStart {
  /** Of the first token. */
  refreshLifetime?: number | undefined
  sessionLifetime?: number | undefined
  /** The OAuth client that the session is granted to, and its scopes, separated by spaces. */
  grant?: { clientId: string, scope: string } | undefined
}

/** Settings of one rotation, in milliseconds. Default: those of the rules. */
export interface RotationSettings {
  /** Of the successor. */
  refreshLifetime?: number | undefined
  reuseInterval?: number | undefined
}
