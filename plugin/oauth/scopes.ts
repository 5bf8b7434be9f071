/** A scope token (RFC 6749 section 3.3). */
export const SCOPE_TOKEN = /^[\x21\x23-\x5b\x5d-\x7e]+$/

/** The scope that makes a request one of OpenID Connect (Core section 3.1.2.1). */
export const OPENID = 'openid'

/** Returns the words of a list that spaces separate, each once. */
export const words = (text: string | undefined): string[] =>
  [...new Set(text?.split(' '))].filter(word => word !== '')

/** Returns whether `all` has each of `some`. */
export const isSubset = (some: readonly string[], all: readonly string[]): boolean =>
  some.every(word => all.includes(word))
