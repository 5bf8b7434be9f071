import { randomFillSync } from 'node:crypto'

const BYTES = 16

/** Random bytes for the ids to come: to ask for 16 takes as long as to ask for all of them. */
const pool = Buffer.alloc(128 * BYTES)
let next = pool.length

/** 128 random bits in lower-case hex: a `jti` or a `sid`. */
export function newId (): string {
  if (next === pool.length) {
    randomFillSync(pool)
    next = 0
  }
  next += BYTES
  return pool.toString('hex', next - BYTES, next)
}
