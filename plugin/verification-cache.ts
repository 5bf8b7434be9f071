import { LruMap } from 'toad-cache'
import type { AccessClaims } from './claims.ts'

/**
 * The claims of access tokens that were found good, by the whole text of the credentials that brought them (the value of the
 * header: `Bearer`, a space, the token): two tokens never meet in one entry, and a token that was not verified never enters.
 * Whether its session has ended is for the reader to ask.
 */
export interface VerificationCache {
  /** The claims, unless the token has expired by `now` (milliseconds) or the credentials are not known. */
  get(credentials: string, now: number): AccessClaims | undefined
  set(credentials: string, claims: AccessClaims): void
  clear(): void
}

/**
 * Where an entry is looked for: a number made of some characters near the end, which are a part of the token's signature (FNV-1a;
 * the last character has fewer bits than the others). To hash the whole of what comes in takes longer than all the rest, and to
 * compare it takes next to nothing.
 */
function placeOf (credentials: string): number {
  const end = credentials.length - 1
  let place = 0
  for (let index = end - CHARACTERS; index < end; index++) place = Math.imul(place ^ credentials.charCodeAt(index), 0x01000193)
  return place
}

const CHARACTERS = 8

/** A cache of `size` tokens, the least recently used leaving first. `leeway` in milliseconds. */
export function createVerificationCache (size: number, leeway: number): VerificationCache {
  if (size === 0) return { get: () => undefined, set: () => {}, clear: () => {} }
  const verified = new LruMap<{ credentials: string, claims: AccessClaims, deadAt: number }>(size)
  return {
    get: (credentials, now) => {
      const entry = verified.get(placeOf(credentials))
      return entry !== undefined && entry.credentials === credentials && now < entry.deadAt ? entry.claims : undefined
    },
    set: (credentials, claims) => { verified.set(placeOf(credentials), { credentials, claims, deadAt: claims.exp * 1000 + leeway }) },
    clear: () => verified.clear()
  }
}
