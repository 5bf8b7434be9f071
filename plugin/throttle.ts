import { createHash } from 'node:crypto'
import fastify, { type FastifyInstance, type FastifyRequest } from 'fastify'
import rateLimit, { normalizeIP, type RateLimitPluginOptions } from '@fastify/rate-limit'
import { windowCounters } from './counters.ts'
import { throttled } from './errors.ts'
import type { Emit } from './events.ts'
import { type Consume, createFallback } from './fallback.ts'
import type { RateLimits } from './rate-limits.ts'
import { sharedCounters } from './shared-counters.ts'
import type { StoreFailed } from './store-failures.ts'
import type { Counters } from './stores/store.ts'

/** Counts a request against a limit, first of all, and throws a 429 once there were too many. */
export type Limiter = (request: FastifyRequest) => Promise<void>

/** The limits of the token routes. */
export interface Throttle { loginPerAddress: Limiter, loginPerUsername: Limiter, refreshPerAddress: Limiter }

/** What the limits need to know. `counters` are those that other processes share, if any. */
export interface ThrottleOptions {
  limits: RateLimits | false
  usernameField: string
  counters: Counters | undefined
  emit: Emit
  failed: StoreFailed
  now: () => number
}

/** The limits count by the minute, in milliseconds. */
const WINDOW = 60_000

const unlimited: Limiter = async () => {}

/** One spelling for all the ways to write a user name; hashed, since a client chooses its length. */
const fold = (username: string): string =>
  createHash('sha256').update(username.trim().normalize('NFKC').toLowerCase().toUpperCase().toLowerCase().normalize('NFKC')).digest('base64')

/**
 * @fastify/rate-limit in an application of its own that never listens: in the host's, a limiter that the host has registered
 * would hide ours.
 */
async function rateLimiter (counters: RateLimitPluginOptions): Promise<FastifyInstance> {
  const app = fastify()
  await app.register(rateLimit, { global: false, ...counters })
  await app.ready()
  return app
}

export async function createThrottle ({ limits, usernameField, counters, emit, failed, now }: ThrottleOptions): Promise<Throttle> {
  if (limits === false) return { loginPerAddress: unlimited, loginPerUsername: unlimited, refreshPerAddress: unlimited }
  const here = await rateLimiter({ store: windowCounters(now) })
  const everywhere = counters && await rateLimiter(sharedCounters(counters, WINDOW, now))
  const withFallback = createFallback(failed)

  const usernameOf = (request: FastifyRequest): string => (request.body as Record<string, string>)[usernameField] as string

  const limiter = (name: keyof RateLimits, key: (request: FastifyRequest) => string | undefined): Limiter => {
    // The name is in the key, since all limiters of one Redis store share their counters otherwise.
    const options = { max: limits[name], timeWindow: WINDOW, keyGenerator: (request: FastifyRequest) => `${name}:${key(request) as string}` }
    const countHere: Consume = here.createRateLimit(options)
    const consume = everywhere === undefined ? countHere : withFallback(everywhere.createRateLimit(options), countHere)
    return async request => {
      if (key(request) === undefined) return
      const result = await consume(request)
      if (result.isAllowed || !result.isExceeded) return
      emit({ type: 'throttled', what: name, address: request.ip, ...(name === 'loginPerUsername' && { username: usernameOf(request).slice(0, 256) }) }, request.log)
      throw throttled(result.ttlInSeconds)
    }
  }

  // Behind a Unix socket there is no address to count by: one shared counter would let anybody lock everybody out.
  const address = (request: FastifyRequest): string | undefined => (request.ip as string | undefined) && normalizeIP(request.ip)

  return {
    loginPerAddress: limiter('loginPerAddress', address),
    loginPerUsername: limiter('loginPerUsername', request => fold(usernameOf(request))),
    refreshPerAddress: limiter('refreshPerAddress', address)
  }
}
