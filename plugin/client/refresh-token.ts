import type { TokenStorage } from './client.ts'
import { type Queue, createQueue } from './queue.ts'

/** Returns the stored refresh token, or null. Never rejects. */
type ReadToken = () => Promise<string | null>

/**
 * Replaces the stored token by the result of `next`, unless that is undefined. Returns the token
 * that was stored before. Never rejects. Nothing else is read or written meanwhile.
 */
type ChangeToken = (
  next: (stored: string | null) => string | null | undefined
) => Promise<string | null>

/** Clients may share a storage, and some browsers have no Web Locks. */
const queues = new WeakMap<object, Queue>()

/** Opens the place of the refresh token. That is memory if the storage throws, or is none. */
export function openStorage (storage: unknown, key: string | undefined): [ReadToken, ChangeToken] {
  const place = Object(storage) as TokenStorage
  const inTurn = queues.get(place) ?? createQueue()
  queues.set(place, inTurn)
  let last: string | null = null
  /** The token that the storage did not take. */
  let unwritten: string | null = null

  const read = async (): Promise<string | null> => {
    try {
      last = unwritten ?? await place.getItem(key as string)
    } catch {}
    return last
  }

  return [() => inTurn(read), next => inTurn(async () => {
    const stored = await read()
    const token = next(stored)
    if (token === undefined) return stored
    last = unwritten = token
    try {
      await (token === null
        ? place.removeItem(key as string)
        : place.setItem(key as string, token))
      unwritten = null
    } catch {}
    return stored
  })]
}
