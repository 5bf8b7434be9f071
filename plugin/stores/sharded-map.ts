/** A `Map` of texts for hundreds of thousands of entries. */
export interface ShardedMap<V> {
  get(key: string): V | undefined
  has(key: string): boolean
  set(key: string, value: V): void
  delete(key: string): void
  /** Each entry once. The map may change meanwhile, as with a `Map`. */
  entries(): Iterable<[string, V]>
}

export const SHARDS = 64

/**
 * Builds a map of `SHARDS` maps. V8 copies a whole map when it grows or shrinks, and a copy of
 * 500,000 entries holds the event loop for 40 ms.
 */
export function shardedMap<V> (shardOf: (key: string) => number): ShardedMap<V> {
  const shards = Array.from({ length: SHARDS }, () => new Map<string, V>())
  const of = (key: string): Map<string, V> => shards[shardOf(key)] as Map<string, V>
  return {
    get: key => of(key).get(key),
    has: key => of(key).has(key),
    set (key, value) { of(key).set(key, value) },
    delete (key) { of(key).delete(key) },
    * entries () { for (const shard of shards) yield * shard }
  }
}

/** Returns the value of a hexadecimal digit, and some small number for another character. */
const digit = (code: number): number => (code & 15) + 9 * (code >> 6)

/** Returns the shard of a random id in hex. Reads two digits only, since each guard calls it. */
export function shardOfId (id: string): number {
  const { length } = id
  return (digit(id.charCodeAt(length - 2)) * 16 + digit(id.charCodeAt(length - 1))) & (SHARDS - 1)
}

/** Returns the shard of a text of any kind: FNV-1a with its upper bits folded in. */
export function shardOfText (text: string): number {
  let hash = 0x811c9dc5
  for (let index = 0; index < text.length; index++) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193)
  }
  return (hash ^ (hash >>> 16)) & (SHARDS - 1)
}
