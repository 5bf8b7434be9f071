import { createHash, randomBytes } from 'node:crypto'

/** Tokens that work once, until they expire. Each stands for a value. */
export interface OneTimeTokens<Value> {
  issue(value: Value): string
  /** Returns the value, and leaves the token as it is. */
  find(token: string): Value | null
  /** Returns the value and spends the token, in one step: of two calls one gets null. */
  take(token: string): Value | null
}

/** Anyone may request a token, so the oldest ones give way. */
const MOST = 100_000

const hashOf = (token: string): string => createHash('sha256').update(token).digest('base64url')

/**
 * Stores only hashes, so that a copy of the table opens nothing. A token has 256 random bits and
 * needs no slow hash. In a database `take` is `DELETE ... WHERE hash = $1 AND expires_at > now()
 * RETURNING value`.
 */
export function createOneTimeTokens<Value> (lifetimeMs: number): OneTimeTokens<Value> {
  const rows = new Map<string, { value: Value, expiresAt: number }>()

  function find (token: string): Value | null {
    const row = rows.get(hashOf(token))
    return row === undefined || row.expiresAt <= Date.now() ? null : row.value
  }

  function makeRoom (): void {
    // All live equally long, so the first one expires first.
    for (const [hash, { expiresAt }] of rows) {
      if (expiresAt > Date.now() && rows.size < MOST) return
      rows.delete(hash)
    }
  }

  return {
    issue (value) {
      makeRoom()
      const token = randomBytes(32).toString('base64url')
      rows.set(hashOf(token), { value, expiresAt: Date.now() + lifetimeMs })
      return token
    },
    find,
    take (token) {
      const value = find(token)
      rows.delete(hashOf(token))
      return value
    }
  }
}
