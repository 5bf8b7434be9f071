/**
 * The claims of the access token, except those that change at each refresh. The client reads them
 * and does not verify them: use them to show things, not to decide things.
 */
export interface User {
  user_id: string
  /** Id of the session. */
  sid: string
  [claim: string]: unknown
}

/** A login of the user or a connected OAuth client, as the server lists it. Times are ISO 8601. */
export interface Session {
  sid: string
  created_at: string
  last_used_at: string
  expires_at: string
  user_agent: string | null
  address: string | null
  /** The OAuth client of the session, or null for a login of the user. */
  client_id: string | null
  /** The scopes of the client, separated by spaces, or null. */
  scope: string | null
  /** Whether this client belongs to the session. */
  current: boolean
}

/**
 * A place for the refresh token: `localStorage`, `sessionStorage`, AsyncStorage of React Native, or
 * an object with these methods. The client keeps the token in memory if a method throws.
 */
export interface TokenStorage {
  getItem(key: string): string | null | Promise<string | null>
  setItem(key: string, value: string): void | Promise<void>
  removeItem(key: string): void | Promise<void>
}

/** Paths of token routes, as in the option `paths` of the server. */
export interface ClientPaths {
  obtain?: string | undefined
  refresh?: string | undefined
  blacklist?: string | undefined
  sessions?: string | undefined
}

/** Options of `createClient()`. All are optional in a page on the origin of the server. */
export interface ClientOptions<U extends User = User> {
  /** Origin of the server. Default: the origin of the page. Required where there is no page. */
  baseUrl?: string | undefined
  /** Prefix of the token routes, as the server's. Default `'/api/token'`. */
  prefix?: string | undefined
  /** Paths that do not follow `prefix`, as the server's. */
  paths?: ClientPaths | undefined
  /** Place of the refresh token. Default `'cookie'` in a page, `'memory'` elsewhere. */
  storage?: 'cookie' | 'memory' | TokenStorage | undefined
  /** Further origins that get the access token. The client sends it to no other origin. */
  origins?: string[] | undefined
  /**
   * Seconds before the expiry from which the client refreshes. Default 30, at most a fifth of the
   * token's lifetime.
   */
  leeway?: number | undefined
  /**
   * Seconds for one attempt of a refresh or a logout. Default 4. Two attempts must fit into
   * `reuseInterval` of the server.
   */
  timeout?: number | undefined
  /** Name of the claim with the user id, as the server's. Default `'user_id'`. */
  userIdClaim?: string | undefined
  /** Replaces `fetch`, for tests, proxies and logs. */
  fetch?: typeof fetch | undefined
  /** Called when `user` changes: with the user, or with null if no user is logged in. */
  onChange?: ((user: U | null) => void) | undefined
}

/** A login in a browser, a service or an app. Its methods need no `this`. */
export interface Client<U extends User = User> {
  /**
   * The user. Null: no user is logged in. Undefined: not known before the first call. The object
   * stays the same until a claim changes.
   */
  readonly user: U | null | undefined
  /**
   * Logs in with the fields that the login route takes.
   * @throws AuthError with the code of the server, such as `no_active_account` or `throttled`
   */
  login(credentials: Record<string, unknown>): Promise<U>
  /**
   * Revokes the session, or all sessions of the user.
   * @throws AuthError `unavailable`: the server did not answer, and the user is still logged in
   */
  logout(options?: { everywhere?: boolean }): Promise<void>
  /**
   * Calls `fetch` with the access token. Refreshes it first if it has expired. A 401 means that no
   * user is logged in, or is the answer of the route.
   * @throws AuthError `unavailable`, or `user_changed`: another user has logged in meanwhile
   */
  fetch: typeof fetch
  /** Returns an access token for a WebSocket, for example. Null: no user is logged in. */
  token(): Promise<string | null>
  /** Returns the sessions of the user. @throws AuthError */
  sessions(): Promise<Session[]>
  /** Revokes one session of the user. @throws AuthError */
  endSession(sid: string): Promise<void>
  /** Calls a listener as the option `onChange`. Returns a function that removes it. */
  onChange(listener: (user: U | null) => void): () => void
  /** Removes the listeners, and stops listening to other tabs. */
  close(): void
}
