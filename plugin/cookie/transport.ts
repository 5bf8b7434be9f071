import type { FastifyReply, FastifyRequest } from 'fastify'
import { type Unauthorized, crossOrigin, invalidFields } from '../errors.ts'
import type { RefreshedTokens } from '../tokens/jwt.ts'
import type { ResolvedCookieMode } from './cookie-options.ts'
import { type RequestCheck, checkOrigin, isFromApp, isFromOwnPage } from './csrf.ts'
import { type CookieLife, type RefreshCookie, createRefreshCookie } from './refresh-cookie.ts'

/** Whether refresh tokens are in a cookie: all, none, or those of browsers. */
export type InCookie = boolean | 'browsers'

/** A hook for `onSend` that changes no payload. */
type SendHook = (request: FastifyRequest, reply: FastifyReply) => Promise<void>

/** Carries refresh tokens in bodies, as in SimpleJWT, or in a cookie that no script can read. */
export interface TokenTransport {
  readonly inCookie: InCookie
  /** First checks of the routes that read or send a refresh token. */
  readonly onRequest: readonly RequestCheck[]
  /** Checks of the parsed body, of the routes that read a refresh token. */
  readonly preValidation: readonly RequestCheck[]
  /**
   * Hooks of the logout route. Each of its answers removes the cookie, except a 503 and the refusal
   * of another origin.
   */
  readonly onLogoutSend: readonly SendHook[]
  /**
   * Returns the refresh token of a request.
   * @throws SimpleJwtError 401 without the cookie, 400 without the token in the body
   */
  read(request: FastifyRequest): string
  /**
   * Returns the refresh token in the cookie that a login replaces. Undefined if there is none, if
   * the request would fail the CSRF check, or if the login sets no cookie.
   */
  replaced(request: FastifyRequest): string | undefined
  /** @throws RangeError for a refresh token that `send` could not send */
  refuseLong(refreshToken: string): void
  /** Sends tokens. Returns the reply body. */
  send(reply: FastifyReply, tokens: RefreshedTokens, life?: CookieLife): RefreshedTokens
  /** Call after revoking the session of the client. Removes the cookie. */
  clear(reply: FastifyReply): void
}

/** The options that choose a transport. `refreshTokenLifetime` is in milliseconds. */
export interface TransportOptions {
  cookie: Readonly<ResolvedCookieMode> | false
  namespace: string | undefined
  refreshTokenLifetime: number
}

export async function createTransport (
  { cookie, namespace, refreshTokenLifetime }: TransportOptions, unauthorized: Unauthorized
): Promise<TokenTransport> {
  if (cookie === false) return inBody
  const refreshCookie = await createRefreshCookie(namespace, refreshTokenLifetime)
  const transport = inCookie(refreshCookie, cookie.origins, unauthorized)
  return cookie.bodyForApps ? inCookieOfBrowsers(transport, refreshCookie) : transport
}

const inBody: TokenTransport = {
  inCookie: false,
  onRequest: [],
  preValidation: [],
  onLogoutSend: [],
  read: request => (request.body as { refresh: string }).refresh,
  replaced: () => undefined,
  refuseLong: () => {},
  send: (_reply, tokens) => tokens,
  clear: () => {}
}

const hasToken = (body: unknown): boolean =>
  typeof body === 'object' && body !== null && Object.hasOwn(body, 'refresh')

/**
 * A request with two tokens is ambiguous, and cookie mode exists to keep tokens away from scripts.
 * This rejects a token in the body.
 */
const notInBody: RequestCheck = async ({ body }) => {
  if (!hasToken(body)) return
  throw invalidFields({ refresh: ['The refresh token is taken from the cookie alone.'] })
}

function inCookie (
  cookie: RefreshCookie, origins: readonly string[], { noCredentials }: Unauthorized
): TokenTransport {
  const check = checkOrigin(origins)
  /** Requests that passed the check. A hook of the host may answer before it. */
  const checked = new WeakSet<FastifyRequest>()
  const clear = (reply: FastifyReply): void => { reply.header('set-cookie', cookie.remove()) }
  return {
    inCookie: true,
    onRequest: [async request => {
      await check(request)
      checked.add(request)
    }],
    preValidation: [notInBody],
    // A 503 asks for a retry, which needs the cookie.
    onLogoutSend: [async (request, reply) => {
      if (checked.has(request) && reply.statusCode !== 503) clear(reply)
    }],
    read (request) {
      const token = cookie.read(request.headers.cookie)
      if (token === undefined) throw noCredentials()
      return token
    },
    // A login route of the host has no CSRF check of ours.
    replaced: request =>
      isFromOwnPage(request, origins) ? cookie.read(request.headers.cookie) : undefined,
    refuseLong: token => { cookie.write(token) },
    send (reply, { access, refresh }, life) {
      if (refresh !== undefined) reply.header('set-cookie', cookie.write(refresh, life))
      return { access }
    },
    clear
  }
}

/** Browsers by cookie, apps by body. A token from the cookie never goes into a body. */
function inCookieOfBrowsers (browsers: TokenTransport, cookie: RefreshCookie): TokenTransport {
  const ofBrowsers = (checks: readonly RequestCheck[]): RequestCheck[] =>
    checks.map(check => async request => { if (!isFromApp(request)) await check(request) })
  const hasCookie = ({ headers }: FastifyRequest): boolean =>
    cookie.read(headers.cookie) !== undefined

  /** Only an unknown browser brings the cookie without its origin. */
  const withoutCookie: RequestCheck = async request => {
    if (!isFromApp(request) || !hasCookie(request)) return
    throw hasToken(request.body)
      ? invalidFields({ refresh: ['The refresh token is in the cookie too. Send one of the two.'] })
      : crossOrigin()
  }

  return {
    ...browsers,
    inCookie: 'browsers',
    onRequest: ofBrowsers(browsers.onRequest),
    preValidation: [...ofBrowsers(browsers.preValidation), withoutCookie],
    read (request) {
      if (!isFromApp(request)) return browsers.read(request)
      const { refresh } = request.body as { refresh?: string }
      if (refresh === undefined) throw invalidFields({ refresh: ['This field is required.'] })
      return refresh
    },
    replaced: request => isFromApp(request) ? undefined : browsers.replaced(request),
    send: (reply, tokens, life) =>
      isFromApp(reply.request) ? tokens : browsers.send(reply, tokens, life),
    clear (reply) {
      if (!isFromApp(reply.request) || hasCookie(reply.request)) browsers.clear(reply)
    }
  }
}
