import type { FastifyInstance } from 'fastify'
import {
  type Count, type CounterQuery, counterQuery, isExceeded, keyedCounter
} from './counter-app.ts'

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
const DAY_MS = 24 * HOUR_MS
/** A source stays known for at least this long after a login, and for at most twice as long. */
const KNOWN_MS = 30 * DAY_MS

/**
 * The account that a login attempt is for, and its source: keys of counters. `source` is undefined
 * without a client address.
 */
export interface Account { user: string, source: string | undefined }

/** The result of counting an attempt. */
export interface CountedAttempt {
  counted: Count
  /** True if the attempt exceeds the account's limit, but would not from a known source. */
  isUnknownSource: boolean
}

/** One login attempt, in one set of counters. */
export interface LoginAttempt {
  /** Counts the attempt. Call it before the password check. */
  count(): Promise<CountedAttempt>
  /** Returns whether the user has logged in from this source in the last month. */
  isKnownSource(): Promise<boolean>
  /** Call after a wrong password. */
  recordFailure(): Promise<void>
  /** Call after the right password: marks the source as known. */
  recordSuccess(): Promise<void>
}

/**
 * Allows `max` attempts a minute for each account. Every `max` failures double the window, up to an
 * hour; failures expire after a day. So guessing slows down, and no user is locked out for good.
 * Attempts count per source and per account. A known source is exempt from the account's limit, so
 * strangers cannot lock out a user at home.
 */
export function createLoginBackoff (
  app: FastifyInstance, max: number, now: () => number
): (account: Account) => LoginAttempt {
  const attempts = keyedCounter(app, max)
  const failures = keyedCounter(app, Number.MAX_SAFE_INTEGER)
  const logins = keyedCounter(app, Number.MAX_SAFE_INTEGER)

  const windowAfter = (failures: number): number =>
    Math.min(MINUTE_MS * 2 ** Math.floor(failures / max), HOUR_MS)
  // An open window keeps its end, so each month has a separate counter.
  const loginsFrom = (source: string, monthsAgo: number): CounterQuery => {
    const month = Math.floor(now() / KNOWN_MS) - monthsAgo
    return counterQuery(`loggedInFrom:${source}:${month}`, 2 * KNOWN_MS)
  }
  const failuresOfAll = (user: string): CounterQuery =>
    counterQuery(`failuresOfAll:${user}`, DAY_MS)
  // A successful login resets the failure count: it changes the key.
  const failuresFrom = (source: string, logins: number): CounterQuery =>
    counterQuery(`failuresFrom:${source}:${logins}`, DAY_MS)

  return ({ user, source }) => {
    const loginsBefore = memoized(countLogins)
    const failuresBefore = memoized(() => failures.read(failuresOfAll(user)))

    async function countLogins (): Promise<number> {
      if (source === undefined) return 0
      // Shared counters batch concurrent queries into one, so the failures are read here too.
      const [thisMonth, lastMonth] = await Promise.all([
        logins.read(loginsFrom(source, 0)),
        logins.read(loginsFrom(source, 1)),
        failuresBefore()
      ])
      return thisMonth + lastMonth
    }

    async function countAtSource (source: string): Promise<Count> {
      const failed = await failures.read(failuresFrom(source, await loginsBefore()))
      return attempts.count(counterQuery(`loginPerSource:${source}`, windowAfter(failed)))
    }

    return {
      isKnownSource: async () => await loginsBefore() > 0,

      async count () {
        const atSource = source === undefined ? undefined : await countAtSource(source)
        // Attempts refused per source do not count towards the account limit.
        if (atSource !== undefined && isExceeded(atSource)) {
          return { counted: atSource, isUnknownSource: false }
        }
        const windowMs = windowAfter(await failuresBefore())
        const ofAll = await attempts.count(counterQuery(`loginPerUsername:${user}`, windowMs))
        const isUnknownSource = isExceeded(ofAll) && await loginsBefore() === 0
        const counted = isExceeded(ofAll) && !isUnknownSource ? atSource as Count : ofAll
        return { counted, isUnknownSource }
      },

      async recordFailure () {
        await Promise.all([
          failures.count(failuresOfAll(user)),
          source === undefined
            ? undefined
            : failures.count(failuresFrom(source, await loginsBefore()))
        ])
      },

      async recordSuccess () {
        if (source !== undefined) await logins.count(loginsFrom(source, 0))
      }
    }
  }
}

/** Runs `work` at the first call, and returns its promise at each. */
function memoized<Result> (work: () => Promise<Result>): () => Promise<Result> {
  let result: Promise<Result> | undefined
  return () => {
    result ??= work()
    return result
  }
}
