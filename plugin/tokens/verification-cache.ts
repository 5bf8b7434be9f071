import { LruMap } from 'toad-cache'
import type { AccessClaims } from './claims.ts'

/**
 * The claims of verified access tokens, by the complete value of the `Authorization` header. Two
 * tokens never share an entry. The reader must check whether the session is revoked.
 */
export interface VerificationCache {
  /** Returns the claims, unless the token has expired by `now` (milliseconds) or is unknown. */
  get(credentials: string, now: number): AccessClaims | undefined
  /**
   * Stores claims on the second sighting of a token, so one-off tokens neither evict others nor
   * take memory.
   */
  set(credentials: string, claims: AccessClaims): void
  clear(): void
  statistics(): CacheStatistics
}

/** Hits and misses of the verification cache since the start, and its current entries. */
export interface CacheStatistics { hits: number, misses: number, entries: number }

const KEY_CHARACTERS = 8

/**
 * Cache key: FNV-1a over 8 characters of the signature. Hashing the whole header costs more than
 * the rest of the lookup. The last character is left out: it has fewer bits.
 */
function cacheKey (credentials: string): number {
  const end = credentials.length - 1
  let key = 0
  for (let index = end - KEY_CHARACTERS; index < end; index++) {
    key = Math.imul(key ^ credentials.charCodeAt(index), 0x01000193)
  }
  return key
}

interface Entry { credentials: string, claims: AccessClaims, expiresAt: number }

const DISABLED: VerificationCache = {
  get: () => undefined,
  set: () => {},
  clear: () => {},
  statistics: () => ({ hits: 0, misses: 0, entries: 0 })
}

/**
 * Builds a cache of `size` tokens that evicts the least recently used. `leeway` in milliseconds.
 */
export function createVerificationCache (size: number, leeway: number): VerificationCache {
  if (size === 0) return DISABLED
  const verified = new LruMap<Entry>(size)
  const wasSeen = createSightings(size)
  let hits = 0
  let misses = 0
  return {
    get: (credentials, now) => {
      const entry = verified.get(cacheKey(credentials))
      if (entry !== undefined && entry.credentials === credentials && now < entry.expiresAt) {
        hits++
        return entry.claims
      }
      misses++
      return undefined
    },
    set: (credentials, claims) => {
      const key = cacheKey(credentials)
      if (!wasSeen(key)) return
      verified.set(key, { credentials, claims, expiresAt: claims.exp * 1000 + leeway })
    },
    clear: () => verified.clear(),
    statistics: () => ({ hits, misses, entries: verified.size })
  }
}

/** The slots are allocated at once. This caps them at 16 MiB. */
const MAX_SLOTS = 2 ** 22

/** Returns a function that says whether it saw a key before. A key may overwrite another's slot. */
function createSightings (size: number): (key: number) => boolean {
  const slots = new Int32Array(Math.min(MAX_SLOTS, 2 ** Math.ceil(Math.log2(2 * size))))
  return key => {
    const slot = key & (slots.length - 1)
    if (slots[slot] === key) return true
    // Overwrite at random: two alternating tokens would otherwise evict each other forever.
    if (slots[slot] === 0 || Math.random() < 0.5) slots[slot] = key
    return false
  }
}
