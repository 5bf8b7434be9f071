import type { FastifyRequest } from 'fastify'
import { addressOf } from '../http/client-address.ts'
import { withTimeout } from '../timeout.ts'
import { digest } from './counter-keys.ts'
import { foldUsername } from './fold-username.ts'
import {
  type Count, type CountedRequest, type KeyedCounter, type LimitCounters, isExceeded, keyedCounter
} from './keyed-counter.ts'
import type { WithLocalFallback } from './local-fallback.ts'
import { type Account, type LoginAttempt, createLoginBackoff } from './login-backoff.ts'
import type { MemoryCounters } from './memory-counters.ts'
import { createPendingFailures } from './pending-failures.ts'
import type { RateLimits } from './rate-limit-options.ts'

export interface LoginLimitsOptions {
  limits: RateLimits
  /** The counters of this process. */
  memory: MemoryCounters
  local: LimitCounters
  /** The counters of all processes, if any. */
  shared: LimitCounters | undefined
  withLocalFallback: WithLocalFallback
}

/** The counters of one login, which counts before its check. A request may have several logins. */
export interface LoginCounters {
  /** Counts the address of the request, which must have one. */
  countAddress(): Promise<Count>
  countAttempt(): Promise<Count>
  failed(): Promise<void>
  succeeded(): Promise<void>
  /** Call if the login could not be checked: it does not count. */
  givenBack(): Promise<void>
}

/** Returns the counters of a login, and counts nothing yet. */
export type LoginLimits = (request: FastifyRequest, username: string) => LoginCounters

/** Timeout for recording the result of a login in the shared counters. */
const RECORD_TIMEOUT_MS = 250
const WINDOW_MS = 60_000

const never = (): boolean => false

export function createLoginLimits (options: LoginLimitsOptions): LoginLimits {
  const { limits, memory, local, shared, withLocalFallback } = options
  const max = limits.loginPerUsername
  const localAttempt = createLoginBackoff(local, max)
  const sharedAttempt = shared && createLoginBackoff(shared, max)
  const localAddress = keyedCounter(local, limits.loginPerAddress)
  const sharedAddress = shared && keyedCounter(shared, limits.loginPerAddress)
  const pending = createPendingFailures(memory, max)

  return (request, username) => {
    const account = accountOf(username, addressOf(request))
    const here = localAttempt(account)
    const everywhere = sharedAttempt?.(account)
    /** The attempt in the shared counters, once they have counted it. */
    let shared: LoginAttempt | undefined
    const addresses: CountedRequest[] = []

    const addressCounter = (count: KeyedCounter) => async (): Promise<Count> => {
      const key = `loginPerAddress:${addressOf(request) as string}`
      const counted = await count({ key, windowMs: WINDOW_MS })
      addresses.push(counted)
      return counted
    }

    return {
      async countAddress () {
        const countHere = addressCounter(localAddress)
        return sharedAddress === undefined
          ? countHere()
          : withLocalFallback(addressCounter(sharedAddress), countHere, isExceeded)(request)
      },

      async countAttempt () {
        const { counted, isUnknownSource } = await here.count()
        if (everywhere === undefined || (isExceeded(counted) && !isUnknownSource)) return counted
        // A source that is unknown here may be known to another process.
        const isKnown = withLocalFallback(everywhere.isKnownSource, here.isKnownSource, never)
        if (isUnknownSource && !await isKnown(request)) return counted
        const countShared = async () => {
          const { counted } = await everywhere.count(await here.isKnownSource())
          shared = everywhere
          return counted
        }
        return withLocalFallback(countShared, async () => counted, never)(request)
      },

      async failed () {
        await here.recordFailures({ ofAll: 1, atSource: 1 })
        if (everywhere === undefined) return
        if (shared === undefined) return pending.add(account)
        const failures = pending.take(account, shared.filled())
        if (!await inTime(shared.recordFailures(failures))) pending.restore(account, failures)
      },

      async succeeded () {
        await here.recordSuccess()
        if (shared !== undefined) await inTime(shared.recordSuccess())
      },

      async givenBack () {
        await inTime(Promise.all([
          here.giveBack(),
          shared?.giveBack(),
          ...addresses.map(counted => counted.giveBack())
        ]))
      }
    }
  }
}

/** Best effort: waits briefly for the shared counters. Returns whether they have answered. */
const inTime = (result: Promise<unknown>): Promise<boolean> =>
  withTimeout(result, RECORD_TIMEOUT_MS, 'The counters').then(() => true, () => false)

function accountOf (username: string, address: string | undefined): Account {
  const folded = foldUsername(username)
  return {
    user: digest(folded),
    source: address && digest(`${address} ${folded}`),
    exactSource: address && digest(`${address} ${username.trim()}`)
  }
}
