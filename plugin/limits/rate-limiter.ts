import { createHash } from 'node:crypto'
import fastify, { type FastifyInstance, type FastifyRequest } from 'fastify'
import rateLimit, { normalizeIP, type RateLimitPluginOptions } from '@fastify/rate-limit'
import { windowCounters } from './memory-counters.ts'
import { throttled } from '../errors.ts'
import { type Emit, shortened } from '../events.ts'
import { type Consume, createFallback, isExceeded } from './local-fallback.ts'
import { type Attempt, createLoginLimit } from './login-backoff.ts'
import type { RateLimits } from './rate-limit-options.ts'
import { sharedCounters } from './store-counters.ts'
import type { StoreFailed } from '../store-failures.ts'
import { inTime } from '../timeout.ts'
import type { Counters } from '../stores/store.ts'

/** Counts a request against a limit, first of all, and throws a 429 once there were too many. */
export type Limiter = (request: FastifyRequest) => Promise<void>

/** The limits of the token routes, and what the limit of a user name is told of the password. */
export interface Throttle extends Record<keyof RateLimits, Limiter> {
  loginFailed(request: FastifyRequest): Promise<void>
  loginSucceeded(request: FastifyRequest): Promise<void>
}

/** What the limits need to know. `counters` are those that other processes share, if any. */
export interface ThrottleOptions {
  limits: RateLimits | false
  usernameField: string
  counters: Counters | undefined
  emit: Emit
  failed: StoreFailed
  now: () => number
}

/** Milliseconds that a login waits for the shared counters to be told what became of it. */
const PATIENCE = 250

type NewAttempt = ReturnType<typeof createLoginLimit>

/** The limits count by the minute, in milliseconds. */
const WINDOW = 60_000

const never = (): boolean => false
const nothing = async (): Promise<void> => {}
const UNLIMITED: Throttle = { loginPerAddress: nothing, loginPerUsername: nothing, refreshPerAddress: nothing, loginFailed: nothing, loginSucceeded: nothing }

/** Of fixed length, since a client chooses how long its text is. */
const digest = (text: string): string => createHash('sha256').update(text).digest('base64')

/** One spelling for all the ways to write a user name. */
const fold = (username: string): string => username.trim().normalize('NFKC').toLowerCase().toUpperCase().toLowerCase().normalize('NFKC')

/** Behind a Unix socket there is no address to count by: one shared counter would let anybody lock everybody out. */
const addressOf = (request: FastifyRequest): string | undefined => (request.ip as string | undefined) && normalizeIP(withoutPort(request.ip))

/** Some proxies write the port of the client too, which is another with each connection. */
const withoutPort = (address: string): string => address.replace(/^\[(.+)\](:\d+)?$/, '$1').replace(/^([\d.]+):\d+$/, '$1')

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
  if (limits === false) return UNLIMITED
  const here = await rateLimiter({ store: windowCounters(now) })
  const everywhere = counters && await rateLimiter(sharedCounters(counters, now))
  const withFallback = createFallback(failed)

  const usernameOf = (request: FastifyRequest): string => (request.body as Record<string, string>)[usernameField] as string

  const limiter = (what: keyof RateLimits, consume: Consume): Limiter => async request => {
    const { isExceeded, ttlInSeconds } = await consume(request)
    if (!isExceeded) return
    emit({ type: 'throttled', what, address: request.ip, ...(what === 'loginPerUsername' && { username: shortened(usernameOf(request)) }) }, request.log)
    throw throttled(ttlInSeconds)
  }

  const perAddress = (what: keyof RateLimits): Limiter => {
    // The name is in the key, since all limiters of one Redis store share their counters otherwise.
    const options = { max: limits[what], timeWindow: WINDOW, keyGenerator: (request: FastifyRequest) => `${what}:${addressOf(request) as string}` }
    const countHere = here.createRateLimit(options) as Consume
    const limit = limiter(what, everywhere === undefined ? countHere : withFallback(everywhere.createRateLimit(options) as Consume, countHere, isExceeded))
    return async request => { if (addressOf(request) !== undefined) await limit(request) }
  }

  const [attemptHere, attemptEverywhere] = [here, everywhere].map(app => app && createLoginLimit(app, limits.loginPerUsername, now)) as [NewAttempt, NewAttempt | undefined]
  /** Where tries were counted, and so want to be told what became of them: here, and everywhere if those counters answered. */
  const attempts = new WeakMap<FastifyRequest, [Attempt, Attempt?]>()

  const consumeLogin: Consume = async request => {
    const [name, address] = [fold(usernameOf(request)), addressOf(request)]
    const account = { user: digest(name), source: address && digest(`${address} ${name}`) }
    const [attempt, shared] = [attemptHere(account), attemptEverywhere?.(account)]
    attempts.set(request, [attempt])
    const { counted, isStranger } = await attempt.consume()
    if (shared === undefined || (isExceeded(counted) && !isStranger)) return counted
    // Another process may know who is a stranger here.
    if (isStranger && !await withFallback(shared.isFamiliar, attempt.isFamiliar, never)(request)) return counted
    const consume = async () => {
      const { counted } = await shared.consume()
      attempts.set(request, [attempt, shared])
      return counted
    }
    return withFallback(consume, async () => counted, never)(request)
  }

  /** Nobody waits long for the shared counters to be told what became of it, nor suffers if they cannot be. */
  const tell = async (request: FastifyRequest, what: 'failed' | 'succeeded'): Promise<void> => {
    const [attempt, shared] = attempts.get(request) as [Attempt, Attempt?]
    await attempt[what]()
    if (shared !== undefined) await inTime(shared[what](), PATIENCE, 'The counters').catch(nothing)
  }

  return {
    loginPerAddress: perAddress('loginPerAddress'),
    loginPerUsername: limiter('loginPerUsername', consumeLogin),
    refreshPerAddress: perAddress('refreshPerAddress'),
    loginFailed: request => tell(request, 'failed'),
    loginSucceeded: request => tell(request, 'succeeded')
  }
}
