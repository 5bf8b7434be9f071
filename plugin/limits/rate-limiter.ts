import type { FastifyRequest } from 'fastify'
import { throttled } from '../errors.ts'
import { type Emit, truncateUsername } from '../events.ts'
import { addressOf } from '../http/client-address.ts'
import type { ReportStoreFailure } from '../store-failures.ts'
import type { Counters } from '../stores/store.ts'
import { createCounterApp } from './counter-app.ts'
import { type Count, isExceeded } from './keyed-counter.ts'
import { localCounters } from './local-counters.ts'
import { createLocalFallback } from './local-fallback.ts'
import { createLoginLimits } from './login-limits.ts'
import { memoryCounters } from './memory-counters.ts'
import type { RateLimits } from './rate-limit-options.ts'
import { storeCounters } from './store-counters.ts'
import { type TokenLimits, createTokenLimits } from './token-limits.ts'

/** One login that the limits count. Call a count before the check, and report the result. */
export interface LimitedLogin {
  /** @throws SimpleJwtError 429 once the limit of the address is exceeded */
  loginPerAddress(): Promise<void>
  /** @throws SimpleJwtError 429 once the limit of the user name is exceeded */
  loginPerUsername(): Promise<void>
  failed(): Promise<void>
  succeeded(): Promise<void>
  /** Call if the login could not be checked: it does not count. */
  givenBack(): Promise<void>
}

/** The limits of the token routes. */
export interface RateLimiter extends TokenLimits {
  /** Returns the limits of a login. It counts nothing yet. */
  login(request: FastifyRequest, username: string): LimitedLogin
}

export interface RateLimiterOptions {
  limits: RateLimits | false
  /** Counters that other processes share, if any. */
  counters: Counters | undefined
  emit: Emit
  reportFailure: ReportStoreFailure
  now: () => number
}

const pass = async (): Promise<void> => {}
const UNLIMITED_LOGIN: LimitedLogin = {
  loginPerAddress: pass, loginPerUsername: pass, failed: pass, succeeded: pass, givenBack: pass
}
const UNLIMITED: RateLimiter = {
  login: () => UNLIMITED_LOGIN,
  perAddress: () => pass,
  refreshPerAddress: pass,
  refreshPerSession: pass
}

export async function createRateLimiter (options: RateLimiterOptions): Promise<RateLimiter> {
  const { limits, counters, emit, reportFailure, now } = options
  if (limits === false) return UNLIMITED
  const memory = memoryCounters(now)
  const local = localCounters(memory, now)
  const shared = counters && await createCounterApp(storeCounters(counters, now), now)
  const withLocalFallback = createLocalFallback(reportFailure)
  const countersOf = createLoginLimits({ limits, memory, local, shared, withLocalFallback })

  return {
    ...createTokenLimits(limits, { local, shared, withLocalFallback }, emit),

    login (request, username) {
      const { countAddress, countAttempt, ...results } = countersOf(request, username)

      const refuse = (what: keyof RateLimits, { ttlInSeconds }: Count, more = {}): never => {
        emit({ type: 'throttled', what, address: request.ip, ...more }, request.log)
        throw throttled(ttlInSeconds)
      }

      return {
        ...results,

        async loginPerAddress () {
          if (addressOf(request) === undefined) return
          const counted = await countAddress()
          if (isExceeded(counted)) refuse('loginPerAddress', counted)
        },

        async loginPerUsername () {
          const counted = await countAttempt()
          if (isExceeded(counted)) {
            refuse('loginPerUsername', counted, { username: truncateUsername(username) })
          }
        }
      }
    }
  }
}
