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

/**
 * Where an entry is looked for: the end of a token, which is a part of its signature. To hash the whole of each token that
 * comes in takes longer than all the rest, and to compare it takes next to nothing.
 */
const TAIL = 24

/** A cache of `size` tokens, the least recently used leaving first. `leeway` in milliseconds. */
export function createVerificationCache (size: number, leeway: number): VerificationCache {
  if (size === 0) return { get: () => undefined, set: () => {}, clear: () => {} }
  const verified = new LruMap<{ token: string, claims: AccessClaims, deadAt: number }>(size)
  return {
    get: (token, now) => {
      const entry = verified.get(token.slice(-TAIL))
      return entry !== undefined && entry.token === token && now < entry.deadAt ? entry.claims : undefined
    },
    set: (token, claims) => { verified.set(token.slice(-TAIL), { token, claims, deadAt: claims.exp * 1000 + leeway }) },
    clear: () => verified.clear()
  }
}
