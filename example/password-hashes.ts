import { availableParallelism } from 'node:os'
import { verify } from '@node-rs/argon2'
// In an app of your own: from 'fastify-simplejwt'
import { SimpleJwtError } from '../plugin/index.ts'

/**
 * The threads that Node has for hashes, for files and for the names of hosts, unless
 * UV_THREADPOOL_SIZE says otherwise.
 */
const THREADS = 4

/**
 * Checks at a time: each keeps a core busy for 25 ms and holds 19 MiB. A core is left to all other
 * requests, a thread to files and names. More at a time than cores would be no more a second: each
 * would only take longer.
 */
const AT_A_TIME = Math.max(1, Math.min(availableParallelism(), THREADS) - 1)

/**
 * Checks under way or waiting. The last of so many is answered after 0.8 s, on a machine half as
 * fast after less than two.
 */
const MOST = AT_A_TIME * 32

let underWay = 0
const waiting: (() => void)[] = []

/**
 * Whether a password is the one of an Argon2id hash.
 * @throws SimpleJwtError 503, at once, if too many wait already: the queue would grow for as long
 *   as logins come faster than they are checked
 */
export async function matches (hash: string, password: string): Promise<boolean> {
  if (underWay + waiting.length >= MOST) throw tooManyLogins()
  await turn()
  try {
    return await verify(hash, password)
  } finally {
    const next = waiting.shift() ?? (() => { underWay-- })
    next()
  }
}

/** Resolves at once, or when a check that has ended makes room. */
async function turn (): Promise<void> {
  if (underWay < AT_A_TIME) underWay++
  else await new Promise<void>(resolve => { waiting.push(resolve) })
}

const tooManyLogins = (): SimpleJwtError => new SimpleJwtError(503, 'too_many_logins',
  { detail: 'Too many logins at a time. Try again.', code: 'too_many_logins' },
  { 'retry-after': '1' })
