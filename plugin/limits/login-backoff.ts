import {
  type Count, type CountedRequest, type LimitCounters, isExceeded, keyedCounter
} from './keyed-counter.ts'

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
export const DAY_MS = 24 * HOUR_MS
/** A source stays known for at least this long after a login, and for at most twice as long. */
const KNOWN_MS = 30 * DAY_MS

/**
 * The account that a login attempt is for, and its source: keys of counters. The sources are
 * undefined without a client address.
 */
export interface Account {
  /** The folded user name. */
  user: string
  /** The address and the folded user name. Any spelling of the name has the same. */
  source: string | undefined
  /** The address and the user name as sent. Only this source can become known. */
  exactSource: string | undefined
}

/** The result of counting an attempt. */
export interface CountedAttempt {
  counted: Count
  /** True if the attempt exceeds a limit, but might not from a known source. */
  isUnknownSource: boolean
}

/** Failed attempts to count: for the account, and for the source. */
export interface Failures { ofAll: number, atSource: number }

/** One login attempt, in one set of counters. */
export interface LoginAttempt {
  /**
   * Counts the attempt. Call it before the password check. `isKnownElsewhere` is true if another
   * set of counters knows the source.
   */
  count(isKnownElsewhere?: boolean): Promise<CountedAttempt>
  /** Returns whether the user has logged in from this source in the last month. */
  isKnownSource(): Promise<boolean>
  /** Returns which of the two counters this attempt has filled up to the limit. */
  filled(): { ofAll: boolean, atSource: boolean }
  /** Call after a wrong password. */
  recordFailures(failures: Failures): Promise<void>
  /** Call after the right password: marks the source as known. */
  recordSuccess(): Promise<void>
  /** Call if the password was not checked. */
  giveBack(): Promise<void>
}

/**
 * Allows `max` attempts a minute for each account. Every `max` failures double the window, up to an
 * hour; failures expire after a day. So guessing slows down, and no user is locked out for good.
 * Attempts count per source and per account. A known source is exempt from the account's limit, so
 * strangers cannot lock out a user at home. Only the failures of a known source are reset by a
 * login: another user whose name folds to the same must not reset those of strangers.
 */
export function createLoginBackoff (
  limitCounters: LimitCounters, max: number
): (account: Account) => LoginAttempt {
  const { counters, now } = limitCounters
  const attempts = keyedCounter(limitCounters, max)

  const read = async (key: string): Promise<number> =>
    (await counters.add(key, 0, DAY_MS, max)).current
  const addFailures = async (key: string, count: number): Promise<void> => {
    if (count > 0) await counters.add(key, count, DAY_MS, max)
  }
  const windowAfter = (failures: number): number =>
    Math.min(MINUTE_MS * 2 ** Math.floor(failures / max), HOUR_MS)
  // An open window keeps its end, so each month has a separate counter.
  const loginsFrom = (source: string, monthsAgo: number): string =>
    `loggedInFrom:${source}:${Math.floor(now() / KNOWN_MS) - monthsAgo}`

  return ({ user, source, exactSource }) => {
    const failuresOfAll = `failuresOfAll:${user}`
    const failuresBefore = memoized(() => read(failuresOfAll))
    const strangersFailures = memoized(() => read(`failuresFrom:${source}`))
    const loginsBefore = memoized(countLogins)
    const spent: { ofAll?: CountedRequest, atSource?: CountedRequest } = {}
    let isKnown = false

    async function countLogins (): Promise<number> {
      if (exactSource === undefined) return 0
      // Shared counters batch concurrent queries into one, so all failures are read here too.
      const [thisMonth, lastMonth] = await Promise.all([
        read(loginsFrom(exactSource, 0)),
        read(loginsFrom(exactSource, 1)),
        failuresBefore(),
        strangersFailures()
      ])
      return thisMonth + lastMonth
    }

    const sourceKey = (): string => isKnown ? `known:${exactSource}` : source as string
    // A login from a known source resets its failures: it changes the key.
    const failuresAtSource = async (): Promise<string> =>
      `failuresFrom:${sourceKey()}${isKnown ? `:${await loginsBefore()}` : ''}`
    const failuresAtSourceBefore = async (): Promise<number> =>
      isKnown ? read(await failuresAtSource()) : strangersFailures()

    return {
      isKnownSource: async () => await loginsBefore() > 0,

      async count (isKnownElsewhere = false) {
        isKnown = await loginsBefore() > 0 || (isKnownElsewhere && exactSource !== undefined)
        if (source !== undefined) {
          const windowMs = windowAfter(await failuresAtSourceBefore())
          spent.atSource = await attempts({ key: `loginPerSource:${sourceKey()}`, windowMs })
          // Attempts refused per source do not count towards the account limit.
          if (isExceeded(spent.atSource)) {
            return { counted: spent.atSource, isUnknownSource: !isKnown }
          }
        }
        const windowMs = windowAfter(await failuresBefore())
        spent.ofAll = await attempts({ key: `loginPerUsername:${user}`, windowMs })
        const isExempt = isKnown && isExceeded(spent.ofAll)
        return {
          counted: isExempt ? spent.atSource as Count : spent.ofAll,
          isUnknownSource: isExceeded(spent.ofAll) && !isKnown
        }
      },

      filled: () => ({ ofAll: isLast(spent.ofAll), atSource: isLast(spent.atSource) }),

      async recordFailures ({ ofAll, atSource }) {
        await Promise.all([
          addFailures(failuresOfAll, ofAll),
          source === undefined ? undefined : addFailures(await failuresAtSource(), atSource)
        ])
      },

      async recordSuccess () {
        if (exactSource !== undefined) {
          await counters.add(loginsFrom(exactSource, 0), 1, 2 * KNOWN_MS, 1)
        }
      },

      async giveBack () {
        await Promise.all([spent.atSource?.giveBack(), spent.ofAll?.giveBack()])
      }
    }
  }
}

/** Returns whether a request was the last that its counter allows. */
const isLast = (counted: CountedRequest | undefined): boolean =>
  counted !== undefined && counted.remaining === 0 && !isExceeded(counted)

/** Runs `work` at the first call, and returns its promise at each. */
function memoized<Result> (work: () => Promise<Result>): () => Promise<Result> {
  let result: Promise<Result> | undefined
  return () => {
    result ??= work()
    return result
  }
}
