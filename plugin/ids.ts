import { randomFillSync } from 'node:crypto'

const ID_BYTES = 16

/** Random bytes for the ids to come: to ask for 16 takes as long as to ask for all of them. */
const pool = Buffer.alloc(128 * ID_BYTES)
let next = pool.length

/** 128 random bits in lower-case hex: a `jti` or a `sid`. */
export function newId (): string {
  if (next === pool.length) {
    randomFillSync(pool)
    next = 0
  }
  next += ID_BYTES
  return pool.toString('hex', next - ID_BYTES, next)
}
