import type { User } from './client.ts'

interface TokenClaims { sid: string, iat: number, exp: number, [claim: string]: unknown }

type Token = string | null | undefined

/** Returns the claims of a token without verifying it. Returns none for an unreadable text. */
function claimsOf (token: Token): TokenClaims {
  try {
    const [, payload] = (token as string).split('.')
    const bytes = atob((payload as string).replace(/-/g, '+').replace(/_/g, '/'))
    // React Native has no TextDecoder.
    return JSON.parse(decodeURIComponent(escape(bytes)))
  } catch {
    return {} as TokenClaims
  }
}

export const sidOf = (token: Token): string | undefined => claimsOf(token).sid

/** Returns whether the server issued a token before another one. */
export const isOlder = (token: Token, than: Token): boolean =>
  claimsOf(token).iat < claimsOf(than).iat

/** Returns the lifetime of an access token in milliseconds, a second less to be safe. */
export const lifetimeOf = (token: Token): number =>
  (claimsOf(token).exp - claimsOf(token).iat - 1) * 1000

/** Returns the claims that stay the same from one access token of a session to the next. */
export function userOf (token: Token): User {
  const { exp, iat, jti, token_type: type, ...user } = claimsOf(token)
  return user as User
}
