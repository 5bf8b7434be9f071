import type { FastifyReply, FastifyRequest } from 'fastify'
import { type Unauthorized, invalidFields } from '../errors.ts'
import type { RefreshedTokens } from '../tokens/jwt.ts'
import type { CookieMode } from './cookie-options.ts'
import { type RequestCheck, checkOrigin } from './csrf.ts'
import { type CookieLife, type RefreshCookie, createRefreshCookie } from './refresh-cookie.ts'

/** Carries refresh tokens in bodies, as in SimpleJWT, or in a cookie that no script can read. */
export interface TokenTransport {
  /** First checks of the routes that read or send a refresh token. */
  readonly onRequest: readonly RequestCheck[]
  /** Checks of the parsed body, of the routes that read a refresh token. */
  readonly preValidation: readonly RequestCheck[]
  /** Returns the refresh token of a request. @throws SimpleJwtError 401 without the cookie */
  read(request: FastifyRequest): string
  /** @throws RangeError for a refresh token that `send` could not send */
  refuseLong(refreshToken: string): void
  /** Sends tokens. Returns the reply body. */
  send(reply: FastifyReply, tokens: RefreshedTokens, life?: CookieLife): RefreshedTokens
  /** Call after revoking the session of the refresh token. Removes the cookie. */
  clear(reply: FastifyReply): void
}

/** The options that choose a transport. `refreshTokenLifetime` is in milliseconds. */
export interface TransportOptions {
  cookie: Required<CookieMode> | false
  namespace: string | undefined
  refreshTokenLifetime: number
}

export async function createTransport (
  { cookie, namespace, refreshTokenLifetime }: TransportOptions, unauthorized: Unauthorized
): Promise<TokenTransport> {
  if (cookie === false) return inBody
  const refreshCookie = await createRefreshCookie(namespace, refreshTokenLifetime)
  return inCookie(refreshCookie, cookie.origins, unauthorized)
}

const inBody: TokenTransport = {
  onRequest: [],
  preValidation: [],
  read: request => (request.body as { refresh: string }).refresh,
  refuseLong: () => {},
  send: (_reply, tokens) => tokens,
  clear: () => {}
}

/**
 * A request with two tokens is ambiguous, and cookie mode exists to keep tokens away from scripts.
 * This rejects a token in the body.
 */
const notInBody: RequestCheck = async ({ body }) => {
  if (typeof body === 'object' && body !== null && Object.hasOwn(body, 'refresh')) {
    throw invalidFields({ refresh: ['The refresh token is taken from the cookie alone.'] })
  }
}

const inCookie = (
  cookie: RefreshCookie, origins: readonly string[], { noCredentials }: Unauthorized
): TokenTransport => ({
  onRequest: [checkOrigin(origins)],
  preValidation: [notInBody],
  read (request) {
    const token = cookie.read(request.headers.cookie)
    if (token === undefined) throw noCredentials()
    return token
  },
  refuseLong: token => { cookie.write(token) },
  send (reply, { access, refresh }, life) {
    if (refresh !== undefined) reply.header('set-cookie', cookie.write(refresh, life))
    return { access }
  },
  clear: reply => { reply.header('set-cookie', cookie.remove()) }
})
