import cookies, { type SerializeOptions } from '@fastify/cookie'
import fastify from 'fastify'

/** How long a browser keeps the refresh token of one session. */
export interface CookieLife {
  /** False: until the browser closes. Default true. */
  persistent?: boolean
  /** In milliseconds. Default: that of all cookies. */
  refreshLifetime?: number | undefined
}

/** The cookie of a refresh token, as text of the headers `Cookie` and `Set-Cookie`. */
export interface RefreshCookie {
  /** Returns the token in a `Cookie` header, or undefined. */
  read(header: string | undefined): string | undefined
  /** @throws RangeError for a token that does not fit into a cookie */
  write(token: string, life?: CookieLife): string
  remove(): string
}

/** Browsers silently drop a cookie with a longer name and value (RFC 6265bis section 5.6). */
const MAX_COOKIE_BYTES = 4096

/**
 * Builds the cookie with the prefix `__Host-`. Browsers refuse such a cookie without TLS, and one
 * that a subdomain sets for other hosts (RFC 6265bis section 4.1.3.2). Its path must be `/`.
 * @param lifetimeMs of a cookie, unless its session has another
 */
export async function createRefreshCookie (
  namespace: string | undefined, lifetimeMs: number
): Promise<RefreshCookie> {
  const name = namespace === undefined ? '__Host-refresh' : `__Host-${namespace}-refresh`
  const attributes: SerializeOptions =
    { path: '/', httpOnly: true, secure: true, sameSite: 'strict' }
  const { parseCookie, serializeCookie } = await createCookieApp()
  return {
    read: header => header === undefined ? undefined : parseCookie(header)[name],
    write (token, { persistent = true, refreshLifetime = lifetimeMs } = {}) {
      if (name.length + token.length > MAX_COOKIE_BYTES) {
        throw new RangeError(`fastify-simplejwt: a refresh token of ${token.length} bytes does ` +
          `not fit into a cookie of ${MAX_COOKIE_BYTES}. Return fewer claims from claims(), or ` +
          'set findUser so that the refresh token need not carry them.')
      }
      const maxAge = persistent && { maxAge: Math.floor(refreshLifetime / 1000) }
      return serializeCookie(name, token, { ...attributes, ...maxAge })
    },
    remove: () => serializeCookie(name, '', { ...attributes, maxAge: 0 })
  }
}

/** Registers @fastify/cookie on a private instance, so that it cannot clash with the host's. */
async function createCookieApp () {
  const app = fastify()
  await app.register(cookies)
  await app.ready()
  return app
}
