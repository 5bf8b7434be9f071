import type { FastifyRequest } from 'fastify'
import { addressOf } from '../http/client-address.ts'
import { withTimeout } from '../timeout.ts'
import {
  type CountedRequest, type CounterApp, isExceeded, keyedCounter
} from './counter-app.ts'
import { digest } from './counter-keys.ts'
import { foldUsername } from './fold-username.ts'
import type { Consume, WithLocalFallback } from './local-fallback.ts'
import { type Account, type LoginAttempt, createLoginBackoff } from './login-backoff.ts'
import type { MemoryCounters } from './memory-counters.ts'
import { createPendingFailures } from './pending-failures.ts'
import type { RateLimits } from './rate-limit-options.ts'

export interface LoginLimitsOptions {
  limits: RateLimits
  usernameOf: (request: FastifyRequest) => string
  /** The counters of this process. */
  memory: MemoryCounters
  local: CounterApp
  /** The counters of all processes, if any. */
  shared: CounterApp | undefined
  withLocalFallback: WithLocalFallback
}

/** The limits of the login route. Each request counts before its password is checked. */
export interface LoginLimits {
  /** Counts a request that has an address. */
  countAddress: Consume
  countAttempt: Consume
  failed(request: FastifyRequest): Promise<void>
  succeeded(request: FastifyRequest): Promise<void>
  /** Call if the password could not be checked: the request does not count. */
  givenBack(request: FastifyRequest): Promise<void>
}

/** A counted login, in the counters that must learn its result. */
interface CountedLogin { account: Account, local: LoginAttempt, shared?: LoginAttempt }

/** Timeout for recording the result of a login in the shared counters. */
const RECORD_TIMEOUT_MS = 250
const WINDOW_MS = 60_000

const never = (): boolean => false

export function createLoginLimits (options: LoginLimitsOptions): LoginLimits {
  const { limits, usernameOf, memory, local, shared, withLocalFallback } = options
  const max = limits.loginPerUsername
  const localAttempt = createLoginBackoff(local, max)
  const sharedAttempt = shared && createLoginBackoff(shared, max)
  const pending = createPendingFailures(memory, max)
  const logins = new WeakMap<FastifyRequest, CountedLogin>()
  /** The counted addresses of a request. */
  const addresses = new WeakMap<FastifyRequest, CountedRequest[]>()

  function addressCounter (counterApp: CounterApp): Consume {
    const count = keyedCounter(counterApp, limits.loginPerAddress)
    return async request => {
      const key = `loginPerAddress:${addressOf(request) as string}`
      const counted = await count({ key, windowMs: WINDOW_MS })
      addresses.set(request, [...addresses.get(request) ?? [], counted])
      return counted
    }
  }

  const countLocalAddress = addressCounter(local)
  const countAddress = shared === undefined
    ? countLocalAddress
    : withLocalFallback(addressCounter(shared), countLocalAddress, isExceeded)

  const countAttempt: Consume = async request => {
    const account = accountOf(usernameOf(request), addressOf(request))
    const [local, shared] = [localAttempt(account), sharedAttempt?.(account)]
    const login: CountedLogin = { account, local }
    logins.set(request, login)
    const { counted, isUnknownSource } = await local.count()
    if (shared === undefined || (isExceeded(counted) && !isUnknownSource)) return counted
    // A source that is unknown here may be known to another process.
    const isKnown = withLocalFallback(shared.isKnownSource, local.isKnownSource, never)
    if (isUnknownSource && !await isKnown(request)) return counted
    const countShared = async () => {
      const { counted } = await shared.count(await local.isKnownSource())
      login.shared = shared
      return counted
    }
    return withLocalFallback(countShared, async () => counted, never)(request)
  }

  /** Best effort: waits briefly for the shared counters. Returns whether they have answered. */
  const inTime = (result: Promise<unknown>): Promise<boolean> =>
    withTimeout(result, RECORD_TIMEOUT_MS, 'The counters').then(() => true, () => false)

  return {
    countAddress,
    countAttempt,

    async failed (request) {
      const { account, local, shared } = logins.get(request) as CountedLogin
      await local.recordFailures({ ofAll: 1, atSource: 1 })
      if (sharedAttempt === undefined) return
      if (shared === undefined) return pending.add(account)
      const failures = pending.take(account, shared.filled())
      if (!await inTime(shared.recordFailures(failures))) pending.restore(account, failures)
    },

    async succeeded (request) {
      const { local, shared } = logins.get(request) as CountedLogin
      await local.recordSuccess()
      if (shared !== undefined) await inTime(shared.recordSuccess())
    },

    async givenBack (request) {
      const { local, shared } = logins.get(request) as CountedLogin
      await inTime(Promise.all([
        local.giveBack(),
        shared?.giveBack(),
        ...(addresses.get(request) ?? []).map(counted => counted.giveBack())
      ]))
    }
  }
}

function accountOf (username: string, address: string | undefined): Account {
  const folded = foldUsername(username)
  return {
    user: digest(folded),
    source: address && digest(`${address} ${folded}`),
    exactSource: address && digest(`${address} ${username.trim()}`)
  }
}
