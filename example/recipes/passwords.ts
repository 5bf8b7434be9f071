import { availableParallelism } from 'node:os'
import { hash, verify } from '@node-rs/argon2'
import { SimpleJwtError } from 'fastify-simplejwt'

/** Bounds of a new password, in characters. */
export const PASSWORD = { type: 'string', minLength: 10, maxLength: 256 } as const

/** Argon2id, 19 MiB and 2 passes (OWASP). */
const COST = { memoryCost: 19_456, timeCost: 2, parallelism: 1 }

/** The hash of a random password, with the same cost. */
const UNKNOWN_USER_HASH =
  '$argon2id$v=19$m=19456,t=2,p=1$AUcTUi938t6Ey6BC5P9iOw' +
  '$xJFi4PkiJ/nfDG5QVYMMIJcJxx88kXo9QlyEl3XZnrg'

/** Each hash keeps a core busy for 25 ms. One core of the thread pool stays free. */
const AT_A_TIME = Math.max(1, Math.min(availableParallelism(), 4) - 1)
const MOST = AT_A_TIME * 32

let underWay = 0
const waiting: (() => void)[] = []

/** Returns the hash of a new password. @throws SimpleJwtError 503 if too many hashes wait */
export const hashPassword = (password: string): Promise<string> =>
  inTurn(() => hash(password, COST))

/**
 * Returns whether a password matches a hash. Takes as long without a hash, so that the time does
 * not reveal which accounts exist.
 * @throws SimpleJwtError 503 if too many checks wait
 */
export async function matches (passwordHash: string | null, password: string): Promise<boolean> {
  const isRight = await inTurn(() => verify(passwordHash ?? UNKNOWN_USER_HASH, password))
  return passwordHash !== null && isRight
}

/** Runs some hashes at a time. The queue would grow while requests arrive faster than it runs. */
async function inTurn<Result> (work: () => Promise<Result>): Promise<Result> {
  if (underWay + waiting.length >= MOST) throw tooMany()
  if (underWay < AT_A_TIME) underWay++
  else await new Promise<void>(resolve => { waiting.push(resolve) })
  try {
    return await work()
  } finally {
    const next = waiting.shift() ?? (() => { underWay-- })
    next()
  }
}

const tooMany = (): SimpleJwtError => new SimpleJwtError(503, 'too_many_logins',
  { detail: 'Too many logins at a time. Try again.', code: 'too_many_logins' },
  { 'retry-after': '1' })
