import type { FastifyRequest } from 'fastify'
import { throttled } from '../errors.ts'
import { type Emit, truncateUsername } from '../events.ts'
import { addressOf } from '../http/client-address.ts'
import type { ReportStoreFailure } from '../store-failures.ts'
import type { Counters } from '../stores/store.ts'
import { createCounterApp } from './counter-app.ts'
import { type Consume, createLocalFallback } from './local-fallback.ts'
import { createLoginLimits } from './login-limits.ts'
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
  /** Call if the password could not be checked: the login does not count. */
  loginGivenBack(request: FastifyRequest): Promise<void>
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

const pass = async (): Promise<void> => {}
const UNLIMITED: RateLimiter = {
  loginPerAddress: pass,
  loginPerUsername: pass,
  refreshPerAddress: pass,
  refreshPerSession: pass,
  loginFailed: pass,
  loginSucceeded: pass,
  loginGivenBack: pass
}

export async function createRateLimiter (options: RateLimiterOptions): Promise<RateLimiter> {
  const { limits, usernameField, counters, emit, reportFailure, now } = options
  if (limits === false) return UNLIMITED
  const memory = memoryCounters(now)
  const local = await createCounterApp(memory, now)
  const shared = counters && await createCounterApp(storeCounters(counters, now), now)
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

  const login = createLoginLimits({ limits, usernameOf, memory, local, shared, withLocalFallback })
  const limitAddress = limiter('loginPerAddress', login.countAddress)

  return {
    async loginPerAddress (request) {
      if (addressOf(request) !== undefined) await limitAddress(request)
    },
    loginPerUsername: limiter('loginPerUsername', login.countAttempt),
    ...createTokenLimits(limits, { local, shared, withLocalFallback }, emit),
    loginFailed: login.failed,
    loginSucceeded: login.succeeded,
    loginGivenBack: login.givenBack
  }
}
