import { availableParallelism } from 'node:os'
import { verify } from '@node-rs/argon2'
// In your app: from 'fastify-simplejwt'
import { SimpleJwtError } from '../plugin/index.ts'

/** Node's default thread pool, for hashes, files and DNS (UV_THREADPOOL_SIZE). */
const THREADS = 4

/**
 * Concurrent checks. Each keeps a core busy for 25 ms and holds 19 MiB. This leaves one core to all
 * other requests, and one thread to files and DNS. More checks than cores would only take longer.
 */
const AT_A_TIME = Math.max(1, Math.min(availableParallelism(), THREADS) - 1)

/** Running and waiting checks. The last one ends after 0.8 s, or 2 s on a machine half as fast. */
const MOST = AT_A_TIME * 32

let underWay = 0
const waiting: (() => void)[] = []

/**
 * Returns whether a password matches an Argon2id hash.
 * @throws SimpleJwtError 503, at once, if too many checks wait: the queue would grow while logins
 *   arrive faster than checks run
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

/** Resolves at once, or when a running check ends. */
async function turn (): Promise<void> {
  if (underWay < AT_A_TIME) underWay++
  else await new Promise<void>(resolve => { waiting.push(resolve) })
}

const tooManyLogins = (): SimpleJwtError => new SimpleJwtError(503, 'too_many_logins',
  { detail: 'Too many logins at a time. Try again.', code: 'too_many_logins' },
  { 'retry-after': '1' })
