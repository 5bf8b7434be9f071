import type { FastifyRequest } from 'fastify'
import type { Duration } from '../option-checks.ts'
import type { Account } from '../user.ts'

type Awaitable<Value> = Promise<Value> | Value

/** The grants that a client may use (RFC 6749 sections 4.1, 6 and 4.4). */
export type Grant = 'authorization_code' | 'refresh_token' | 'client_credentials'

/** An application that may ask for tokens. */
export interface OAuthClient {
  /**
   * 3 to 100 characters of `A-Za-z0-9._-`, the first a letter, and not a UUID. So `sub` of a client
   * is never the number or UUID of a user.
   */
  id: string
  /** The name that the consent page shows. */
  name: string
  /**
   * `sha256:` and the base64url of the SHA-256 hash of the secret, as
   * `npx fastify-simplejwt client NAME` prints it. Default: a public client without a secret, such
   * as a page, a phone or a terminal, which PKCE protects.
   */
  secretHash?: string | undefined
  /** Compared by their text. A loopback URI matches with any port (RFC 8252 section 7.3). */
  redirectUris?: string[] | undefined
  /**
   * Default `['authorization_code', 'refresh_token']`. `'client_credentials'` requires a
   * `secretHash`. Only a client that introspects may have none.
   */
  grants?: Grant[] | undefined
  /** Scopes that the client may be granted. Default: all. */
  scopes?: string[] | undefined
  /**
   * True: the user is not asked, for an app of your own. Not for a public client with a loopback or
   * private-scheme URI (RFC 8252 section 8.6). Default false.
   */
  trusted?: boolean | undefined
  /**
   * True: a resource server that may introspect tokens (RFC 7662). Requires a `secretHash`.
   * Default false.
   */
  introspects?: boolean | undefined
  /** The home page of the app, for the consent page. */
  uri?: string | undefined
}

type ClaimsAnswer = Awaitable<Record<string, unknown>>

/** A user whom the app has logged in by its own means. */
export interface LoggedIn<U extends { id: string | number | bigint } = Account> {
  user: U
  /** When the user logged in, in milliseconds. */
  at: number
}

/** The client and the scopes of an access token, for `claims`. */
export interface GrantContext { client: OAuthClient, scopes: readonly string[] }

/** Options of the plugin, checked at registration. */
export interface OAuthOptions {
  /**
   * Your page that logs the user in and asks for consent: a path of this server, or a URL of the
   * issuer's origin.
   */
  interactionUrl: string
  /**
   * Scopes that apps may be granted, each with the text that the consent page shows. `openid` is
   * always one of them, with a default text.
   */
  scopes: Record<string, string>
  /** The known apps. One of `clients`, `findClient` and `metadataDocuments` is required. */
  clients?: OAuthClient[] | undefined
  /** Looks up an app that is not in `clients`. Its answer is checked as those are. */
  findClient?: ((id: string) => Awaitable<OAuthClient | null>) | undefined
  /**
   * True: a `client_id` may be the https URL of a document that describes the client
   * (draft-ietf-oauth-client-id-metadata-document). The server fetches it. `allow` gets the host of
   * the URL, and returns false to refuse it. Such a client is public, and the user is always asked.
   * Default false.
   */
  metadataDocuments?: boolean | { allow(host: string): boolean } | undefined
  /**
   * Resource servers that tokens may be for, beside the option `audience` of the first plugin
   * (RFC 8707): URIs without a fragment. Default none.
   */
  resources?: string[] | undefined
  /**
   * Custom claims for the access tokens of apps, at most 2048 bytes. Default none. The option
   * `claims` of the first plugin is only for the user's own sessions.
   */
  claims?:
    | { method (user: Account, context: GrantContext): ClaimsAnswer }['method']
    | undefined
  /**
   * The claims of `/oauth/userinfo` for the granted scopes, beside `sub`. Default none. With
   * `findUser` of the first plugin it gets that user, otherwise only the id.
   */
  userinfo?:
    | { method (user: Account, scopes: readonly string[]): ClaimsAnswer }['method']
    | undefined
  /**
   * Returns the user whom a session of the app's own has logged in, or null. Called only for
   * `prompt=none`, and again before the code is given: a logout meanwhile counts. Without it
   * `prompt=none` answers `login_required`. Default none.
   */
  loggedIn?: ((request: FastifyRequest) => Awaitable<LoggedIn | null>) | undefined
  /** Lifetime of an authorization code. Default `'60s'`, at most `'10m'`. */
  codeLifetime?: Duration | undefined
  /** Lifetime of an app's refresh token. Default `'30d'`, and at most `grantLifetime`. */
  refreshTokenLifetime?: Duration | undefined
  /** Maximum age of an app's session, however often it is refreshed. Default `'90d'`. */
  grantLifetime?: Duration | undefined
  /** Path of the endpoints. Default `'/oauth'`. */
  prefix?: string
  /** The `namespace` of the first plugin's registration. Default: the one without a namespace. */
  namespace?: string | undefined
  /**
   * Requests a minute and address: refused ones at the token endpoint, all at the authorization
   * endpoint and for the consent page. False: no limit. Also none with `rateLimit: false` of the
   * first plugin. Default 300.
   */
  rateLimit?: number | false | undefined
}

/** An authorization request, for a consent page of your own making. */
export interface AuthorizationDetails {
  /** With a URL as its `id`, the app itself has chosen the name (`metadataDocuments`). */
  client: { id: string, name: string, uri?: string, trusted: boolean }
  scopes: { name: string, description: string }[]
  /** The audience of the tokens. */
  resource: string
  /** The host of the redirect URI with its port, or the scheme of a native app. */
  redirectHost: string
  /** True: the answer goes to a program on the user's machine. */
  loopback: boolean
  prompt: string | undefined
  /** In seconds. */
  maxAge: number | undefined
  loginHint: string | undefined
  uiLocales: string | undefined
}

/** Options of `approve()`. */
export interface ApprovalOptions {
  /** When the user logged in, in milliseconds. */
  authTime: number
  /** The scopes that the user allows. Default: all that the app asks for. */
  scopes?: string[] | undefined
  /** The request of the user, whose user agent and address the session keeps. */
  request?: FastifyRequest | undefined
}

/** The type of `app.oauth`: the decision about authorization requests, for the app's own page. */
export interface OAuthService {
  /**
   * Returns an authorization request. @throws SimpleJwtError 400 for a bad or expired text
   */
  read(authorization: string): Promise<AuthorizationDetails>
  /**
   * Allows an authorization request for a user whom the app has logged in. Returns the URL to
   * send the browser to.
   */
  approve<U extends { id: string | number | bigint }>(
    authorization: string, user: U, options: ApprovalOptions
  ): Promise<string>
  /** Denies an authorization request. Returns the URL to send the browser to. */
  deny(authorization: string): Promise<string>
  /** Revokes all sessions of an app for a user. Returns their number. */
  disconnect(userId: string | number | bigint, clientId: string): Promise<number>
}
