import type { FastifyInstance, FastifyRequest } from 'fastify'
import { type Counted, isExceeded } from './local-fallback.ts'

/** Milliseconds. */
const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR
/** How long an address stays familiar to a user who does not come back, at least; at most it is twice that. */
const FAMILIAR = 30 * DAY

/** Whose password is tried, and from where: keys of counters. Without `source` where there is no address. */
export interface Account { user: string, source: string | undefined }

/** What a try has come to. `isStranger`: it is one too many for a stranger, and would not be from a familiar source. */
export interface Tried { counted: Counted, isStranger: boolean }

/** A try at an account, in one set of counters. */
export interface Attempt {
  /** Counts it, before the password is looked at. */
  consume(): Promise<Tried>
  /** Whether the user has logged in from there in the last month. */
  isFamiliar(): Promise<boolean>
  /** The password was wrong. */
  failed(): Promise<void>
  /** It was right: the source is familiar to the user from now on. */
  succeeded(): Promise<void>
}

/** What @fastify/rate-limit is asked in place of a request: the key to count by, and the length of its window in milliseconds. */
interface Question { key: string, length: number }
const question = (key: string, length: number): FastifyRequest => ({ key, length, routeOptions: {} }) as unknown as FastifyRequest
const read = (request: FastifyRequest): Question => request as unknown as Question

/**
 * So many tries a minute at an account. As many failures double the minute, and again, for a day and up to an hour, so that guessing
 * gets slower and nobody is locked out for good. Tries are counted at their address, and all
 * together; but an address that the user has logged in from has only its own count to fear, so that strangers cannot keep a user out who is at home.
 */
export function createLoginLimit (app: FastifyInstance, max: number, now: () => number): (account: Account) => Attempt {
  const counters = (max: number) => app.createRateLimit({ max, timeWindow: request => read(request).length, keyGenerator: request => read(request).key })
  const [tries, failures, logins] = [counters(max), counters(Number.MAX_SAFE_INTEGER), counters(Number.MAX_SAFE_INTEGER)]

  const windowAfter = (failures: number): number => Math.min(MINUTE * 2 ** Math.floor(failures / max), HOUR)
  // A window ends when it was to, so each month has one of its own.
  const loginsOf = (source: string, monthsAgo: number) => question(`loggedInFrom:${source}:${Math.floor(now() / FAMILIAR) - monthsAgo}`, 2 * FAMILIAR)
  const failuresOfAll = (user: string) => question(`failuresOfAll:${user}`, DAY)
  // A login begins anew: what failed before it counts no more.
  const failuresFrom = (source: string, logins: number) => question(`failuresFrom:${source}:${logins}`, DAY)

  return ({ user, source }) => {
    const loginsBefore = once(countLogins)
    const failuresBefore = once(() => countOf(failures, failuresOfAll(user)))

    async function countLogins (): Promise<number> {
      if (source === undefined) return 0
      // What is asked at once is one question where processes share the counters.
      const [thisMonth, lastMonth] = await Promise.all([countOf(logins, loginsOf(source, 0)), countOf(logins, loginsOf(source, 1)), failuresBefore()])
      return thisMonth + lastMonth
    }

    async function countAtSource (source: string): Promise<Counted> {
      const failed = await countOf(failures, failuresFrom(source, await loginsBefore()))
      return await tries(question(`loginPerSource:${source}`, windowAfter(failed))) as Counted
    }

    return {
      isFamiliar: async () => await loginsBefore() > 0,

      async consume () {
        const here = source === undefined ? undefined : await countAtSource(source)
        // What is refused there is no try of all.
        if (here !== undefined && isExceeded(here)) return { counted: here, isStranger: false }
        const ofAll = await tries(question(`loginPerUsername:${user}`, windowAfter(await failuresBefore()))) as Counted
        const isStranger = isExceeded(ofAll) && await loginsBefore() === 0
        return { counted: isExceeded(ofAll) && !isStranger ? here as Counted : ofAll, isStranger }
      },

      async failed () {
        await Promise.all([
          failures(failuresOfAll(user)),
          source === undefined ? undefined : failures(failuresFrom(source, await loginsBefore()))
        ])
      },

      async succeeded () {
        if (source !== undefined) await logins(loginsOf(source, 0))
      }
    }
  }
}

/** Does it when it is asked for the first time. */
function once<Result> (work: () => Promise<Result>): () => Promise<Result> {
  let result: Promise<Result> | undefined
  return () => {
    result ??= work()
    return result
  }
}

/** What a counter has counted, without counting this question. */
async function countOf (counter: ReturnType<FastifyInstance['createRateLimit']>, question: FastifyRequest): Promise<number> {
  const { max, remaining } = await counter(question, { increment: false }) as Counted
  return max - remaining
}
