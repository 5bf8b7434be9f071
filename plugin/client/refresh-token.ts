import type { TokenStorage } from './client.ts'
import { createQueue } from './queue.ts'

/** The stored refresh token. Its methods never throw, and run one after the other. */
export interface StoredToken {
  readToken(): Promise<string | null>
  /**
   * Replaces the token by the result of `next`, unless that is undefined. Returns the token that
   * was stored before.
   */
  changeToken(next: (stored: string | null) => string | null | undefined): Promise<string | null>
}

/** Opens the place of the refresh token. If the storage throws, or is missing, that is memory. */
export function openStorage (storage: TokenStorage | undefined, key: string): StoredToken {
  const place = storage as TokenStorage
  const inTurn = createQueue()
  let inMemory: string | null = null

  async function read (): Promise<string | null> {
    try {
      return inMemory ?? await place.getItem(key)
    } catch {
      return null
    }
  }

  async function write (token: string | null): Promise<void> {
    inMemory = token
    try {
      await (token === null ? place.removeItem(key) : place.setItem(key, token))
      inMemory = null
    } catch {}
  }

  return {
    readToken: () => inTurn(read),
    changeToken: next => inTurn(async () => {
      const stored = await read()
      const token = next(stored)
      if (token !== undefined) await write(token)
      return stored
    })
  }
}
