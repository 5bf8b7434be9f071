import { randomFillSync } from 'node:crypto'

const ID_BYTES = 16

/** Random bytes for the next 128 ids. Filling all of them takes as long as filling 16 bytes. */
const pool = Buffer.alloc(128 * ID_BYTES)
let next = pool.length

/** Returns 128 random bits in lower-case hex, for a `jti` or a `sid`. */
export function newId (): string {
  if (next === pool.length) {
    randomFillSync(pool)
    next = 0
  }
  next += ID_BYTES
  return pool.toString('hex', next - ID_BYTES, next)
}
