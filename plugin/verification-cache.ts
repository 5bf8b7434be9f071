import { LruMap } from 'toad-cache'
import type { AccessClaims } from './claims.ts'

/**
 * Access tokens whose signature and claims were found good, by their whole text: two tokens never meet in one entry, and
 * a token that was not verified never enters. Whether its session has ended is for the reader to ask.
 */
export interface VerificationCache {
  /** The claims, unless the token has expired by `now` (milliseconds) or is not known. */
  get(token: string, now: number): AccessClaims | undefined
  set(token: string, claims: AccessClaims): void
  clear(): void
}

/** A cache of `size` tokens, the least recently used leaving first. `leeway` in milliseconds. */
export function createVerificationCache (size: number, leeway: number): VerificationCache {
  if (size === 0) return { get: () => undefined, set: () => {}, clear: () => {} }
  const verified = new LruMap<AccessClaims>(size)
  return {
    get: (token, now) => {
      const claims = verified.get(token)
      return claims !== undefined && claims.exp * 1000 > now - leeway ? claims : undefined
    },
    set: (token, claims) => verified.set(token, claims),
    clear: () => verified.clear()
  }
}
