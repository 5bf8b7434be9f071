import cookies, { type SerializeOptions } from '@fastify/cookie'
import fastify from 'fastify'

/** The cookie of a refresh token, as text of the headers `Cookie` and `Set-Cookie`. */
export interface RefreshCookie {
  /** The token in a `Cookie` header, if there is one. */
  read(header: string | undefined): string | undefined
  /** @throws RangeError for a token that no browser would keep */
  write(token: string): string
  remove(): string
}

/** Bytes of name and value that browsers keep (RFC 6265bis section 5.6). They drop a larger cookie without a word. */
const LARGEST = 4096

/**
 * Its name makes browsers refuse one that was set for other hosts, by a subdomain of ours for instance, or without TLS (RFC 6265bis section
 * 4.1.3.2); the price is the path, which then must be `/`.
 * @param lifetime milliseconds
 */
export async function createRefreshCookie (namespace: string | undefined, lifetime: number): Promise<RefreshCookie> {
  const name = namespace === undefined ? '__Host-refresh' : `__Host-${namespace}-refresh`
  const attributes: SerializeOptions = { path: '/', httpOnly: true, secure: true, sameSite: 'strict' }
  const { parseCookie, serializeCookie } = await cookieJar()
  return {
    read: header => header === undefined ? undefined : parseCookie(header)[name],
    write (token) {
      if (name.length + token.length > LARGEST) throw new RangeError(`fastify-simplejwt: a refresh token of ${token.length} bytes does not fit into a cookie: browsers keep ${LARGEST}. It carries what claims() gives, unless findUser is given too.`)
      return serializeCookie(name, token, { ...attributes, maxAge: Math.floor(lifetime / 1000) })
    },
    remove: () => serializeCookie(name, '', { ...attributes, maxAge: 0 })
  }
}

/** @fastify/cookie in an application of its own that never listens: in the host's, it would be in the way of the one that the host registers. */
async function cookieJar () {
  const app = fastify()
  await app.register(cookies)
  await app.ready()
  return app
}
