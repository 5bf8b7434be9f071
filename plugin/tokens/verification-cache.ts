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
  /** Remembers what was verified once it has come again, mostly at its second time: a token that comes but once drives none out, and costs no room. */
  set(credentials: string, claims: AccessClaims): void
  clear(): void
  statistics(): CacheStatistics
}

/** How the verification cache is doing, since the start. `entries` is how many tokens are in it now. */
export interface CacheStatistics { hits: number, misses: number, entries: number }

const CHARACTERS = 8

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

/** A cache of `size` tokens, the least recently used leaving first. `leeway` in milliseconds. */
export function createVerificationCache (size: number, leeway: number): VerificationCache {
  if (size === 0) return { get: () => undefined, set: () => {}, clear: () => {}, statistics: () => ({ hits: 0, misses: 0, entries: 0 }) }
  const verified = new LruMap<{ credentials: string, claims: AccessClaims, deadAt: number }>(size)
  const comesAgain = createMemory(size)
  let hits = 0
  let misses = 0
  return {
    get: (credentials, now) => {
      const entry = verified.get(placeOf(credentials))
      if (entry !== undefined && entry.credentials === credentials && now < entry.deadAt) {
        hits++
        return entry.claims
      }
      misses++
      return undefined
    },
    set: (credentials, claims) => {
      const place = placeOf(credentials)
      if (comesAgain(place)) verified.set(place, { credentials, claims, deadAt: claims.exp * 1000 + leeway })
    },
    clear: () => verified.clear(),
    statistics: () => ({ hits, misses, entries: verified.size })
  }
}

/** Slots are there from the start, however many tokens will come: 16 MiB of them are enough for any cache. */
const MOST_SLOTS = 2 ** 22

/** Whether a number was given before, as far as is known: one forgets the other whose slot it takes. */
function createMemory (size: number): (place: number) => boolean {
  const slots = new Int32Array(Math.min(MOST_SLOTS, 2 ** Math.ceil(Math.log2(2 * size))))
  return place => {
    const slot = place & (slots.length - 1)
    if (slots[slot] === place) return true
    // By lot, or two that share a slot and come in turn would drive each other out for ever.
    if (slots[slot] === 0 || Math.random() < 0.5) slots[slot] = place
    return false
  }
}
