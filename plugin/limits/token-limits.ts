import type { FastifyRequest } from 'fastify'
import { throttled } from '../errors.ts'
import type { Emit } from '../events.ts'
import { addressOf } from '../http/client-address.ts'
import { digest } from './counter-keys.ts'
import { type Count, type LimitCounters, isExceeded } from './keyed-counter.ts'
import type { WithLocalFallback } from './local-fallback.ts'
import type { RateLimits } from './rate-limit-options.ts'

/** A route that takes a token. Each has a separate counter for a session. */
export type TokenRoute = 'refresh' | 'verify' | 'blacklist' | 'sessions' | 'oauth'

/** The claims that name the session of a token, and its user. */
export interface CountedToken {
  /** Absent from a token that another server minted. */
  readonly sid?: string | undefined
  readonly jti: string
  readonly user_id: string
}

/** Counts a request by its address, if it has one. @throws SimpleJwtError 429 over the limit */
export type LimitByAddress = (request: FastifyRequest) => Promise<void>

/** The limits of the routes that take a token. */
export interface TokenLimits {
  /** Builds a limit of `max` requests a minute and address. `what` names it in events. */
  perAddress(what: string, max: number): LimitByAddress
  /**
   * Counts a refused request by its address, if it has one.
   * @throws SimpleJwtError 429 once the limit is exceeded
   */
  refreshPerAddress: LimitByAddress
  /**
   * Counts a request with a good token by its session. Call it before the first store call. Does
   * not count a call by the host's own code, which has no request. Returns a promise only if
   * other processes share the counters.
   * @throws SimpleJwtError 429 once the limit is exceeded
   */
  refreshPerSession(
    route: TokenRoute, token: CountedToken, request: FastifyRequest | undefined
  ): Promise<void> | undefined
}

/** The counters of this process, and those that other processes share, if any. */
export interface TokenCounters {
  local: LimitCounters
  shared: LimitCounters | undefined
  withLocalFallback: WithLocalFallback
}

const WINDOW_MS = 60_000

/**
 * Creates the limits of the routes that take a token. A good token counts by its session, a refused
 * request by its address. So neither a neighbour at the same address nor a thief who floods locks a
 * user out.
 */
export function createTokenLimits (
  limits: RateLimits, counters: TokenCounters, emit: Emit
): TokenLimits {
  const perSession = createCounter(counters, limits.refreshPerSession)

  const perAddress = (what: string, max: number): LimitByAddress => {
    const count = createCounter(counters, max)
    return async request => {
      const address = addressOf(request)
      if (address === undefined) return
      const counted = await count(`${what}:${address}`, request)
      if (!isExceeded(counted)) return
      emit({ type: 'throttled', what, address: request.ip }, request.log)
      throw throttled(counted.ttlInSeconds)
    }
  }

  return {
    perAddress,
    refreshPerAddress: perAddress('refreshPerAddress', limits.refreshPerAddress),

    refreshPerSession (route, token, request) {
      if (request === undefined) return undefined
      const what = 'refreshPerSession'
      // With one counter for all routes, a 429 at verify would tell a thief of the owner's refresh.
      const check = (counted: Count): undefined => {
        if (!isExceeded(counted)) return
        const subject = { userId: token.user_id, sid: token.sid ?? token.jti }
        emit({ type: 'throttled', what, ...subject, address: request.ip }, request.log)
        throw throttled(counted.ttlInSeconds)
      }
      const counted = perSession(`${what}:${route}:${sessionKey(token)}`, request)
      return counted instanceof Promise ? counted.then(check) : check(counted)
    }
  }
}

/** Counts a request by a key. The local counters refuse without asking the shared ones. */
type CountByKey = (key: string, request: FastifyRequest) => Count | Promise<Count>

function createCounter (
  { local, shared, withLocalFallback }: TokenCounters, max: number
): CountByKey {
  const here = local.countUpTo(max)
  if (shared === undefined) return key => here({ key, windowMs: WINDOW_MS })
  const everywhere = shared.countUpTo(max)
  return (key, request) => {
    const query = { key, windowMs: WINDOW_MS }
    return withLocalFallback(async () => everywhere(query), () => here(query), isExceeded)(request)
  }
}

/** Another server chose the length of its `jti`. */
const sessionKey = ({ sid, jti }: CountedToken): string => sid ?? digest(jti)
