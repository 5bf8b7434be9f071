import type { FastifyRequest } from 'fastify'
import { throttled } from '../errors.ts'
import { type Emit, truncateUsername } from '../events.ts'
import { addressOf } from '../http/client-address.ts'
import type { ReportStoreFailure } from '../store-failures.ts'
import type { Counters } from '../stores/store.ts'
import { withTimeout } from '../timeout.ts'
import { createCounterApp, isExceeded } from './counter-app.ts'
import { digest, foldUsername } from './counter-keys.ts'
import { type Consume, createLocalFallback } from './local-fallback.ts'
import { type LoginAttempt, createLoginBackoff } from './login-backoff.ts'
import { memoryCounters } from './memory-counters.ts'
import type { RateLimits } from './rate-limit-options.ts'
import { storeCounters } from './store-counters.ts'
import { type TokenLimits, createTokenLimits } from './token-limits.ts'

/** Counts a request, before any other work. @throws SimpleJwtError 429 once a limit is exceeded */
export type Limiter = (request: FastifyRequest) => Promise<void>

/** The limits of the token routes. The login route reports its result to the back-off. */
export interface RateLimiter extends TokenLimits {
  loginPerAddress: Limiter
  loginPerUsername: Limiter
  loginFailed(request: FastifyRequest): Promise<void>
  loginSucceeded(request: FastifyRequest): Promise<void>
}

export interface RateLimiterOptions {
  limits: RateLimits | false
  usernameField: string
  /** Counters that other processes share, if any. */
  counters: Counters | undefined
  emit: Emit
  reportFailure: ReportStoreFailure
  now: () => number
}

/** Timeout for recording the result of a login in the shared counters. */
const RECORD_TIMEOUT_MS = 250

const WINDOW_MS = 60_000

const never = (): boolean => false
const pass = async (): Promise<void> => {}
const UNLIMITED: RateLimiter = {
  loginPerAddress: pass,
  loginPerUsername: pass,
  refreshPerAddress: pass,
  refreshPerSession: pass,
  loginFailed: pass,
  loginSucceeded: pass
}

export async function createRateLimiter (options: RateLimiterOptions): Promise<RateLimiter> {
  const { limits, usernameField, counters, emit, reportFailure, now } = options
  if (limits === false) return UNLIMITED
  const local = await createCounterApp({ store: memoryCounters(now) })
  const shared = counters && await createCounterApp(storeCounters(counters, now))
  const withLocalFallback = createLocalFallback(reportFailure)

  const usernameOf = (request: FastifyRequest): string =>
    (request.body as Record<string, string>)[usernameField] as string

  const limiter = (what: keyof RateLimits, consume: Consume): Limiter => async request => {
    const { isExceeded, ttlInSeconds } = await consume(request)
    if (!isExceeded) return
    const username = what === 'loginPerUsername' && {
      username: truncateUsername(usernameOf(request))
    }
    emit({ type: 'throttled', what, address: request.ip, ...username }, request.log)
    throw throttled(ttlInSeconds)
  }

  const perAddress = (what: keyof RateLimits): Limiter => {
    const options = {
      max: limits[what],
      timeWindow: WINDOW_MS,
      // All limiters of one Redis store share their counters, so the key names the limit.
      keyGenerator: (request: FastifyRequest) => `${what}:${addressOf(request) as string}`
    }
    const consumeLocal = local.createRateLimit(options) as Consume
    const consume = shared === undefined
      ? consumeLocal
      : withLocalFallback(shared.createRateLimit(options) as Consume, consumeLocal, isExceeded)
    const limit = limiter(what, consume)
    return async request => { if (addressOf(request) !== undefined) await limit(request) }
  }

  const localAttempt = createLoginBackoff(local, limits.loginPerUsername, now)
  const sharedAttempt = shared && createLoginBackoff(shared, limits.loginPerUsername, now)
  /** The counters that counted a login and must learn its result. */
  const attempts = new WeakMap<FastifyRequest, { local: LoginAttempt, shared?: LoginAttempt }>()

  const consumeLogin: Consume = async request => {
    const [name, address] = [foldUsername(usernameOf(request)), addressOf(request)]
    const account = { user: digest(name), source: address && digest(`${address} ${name}`) }
    const local = localAttempt(account)
    const shared = sharedAttempt?.(account)
    attempts.set(request, { local })
    const { counted, isUnknownSource } = await local.count()
    if (shared === undefined || (isExceeded(counted) && !isUnknownSource)) return counted
    // A source that is unknown here may be known to another process.
    const isKnown = withLocalFallback(shared.isKnownSource, local.isKnownSource, never)
    if (isUnknownSource && !await isKnown(request)) return counted
    const countShared = async () => {
      const { counted } = await shared.count()
      attempts.set(request, { local, shared })
      return counted
    }
    return withLocalFallback(countShared, async () => counted, never)(request)
  }

  /** Best effort: waits briefly for the shared counters, and ignores their failures. */
  const record = async (
    request: FastifyRequest, result: 'recordFailure' | 'recordSuccess'
  ): Promise<void> => {
    const { local, shared } = attempts.get(request) as {
      local: LoginAttempt
      shared?: LoginAttempt
    }
    await local[result]()
    if (shared === undefined) return
    await withTimeout(shared[result](), RECORD_TIMEOUT_MS, 'The counters').catch(pass)
  }

  return {
    loginPerAddress: perAddress('loginPerAddress'),
    loginPerUsername: limiter('loginPerUsername', consumeLogin),
    ...createTokenLimits(limits, { local, shared, withLocalFallback }, emit),
    loginFailed: request => record(request, 'recordFailure'),
    loginSucceeded: request => record(request, 'recordSuccess')
  }
}
