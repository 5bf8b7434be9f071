import rateLimit, { type FastifyRateLimitStore } from '@fastify/rate-limit'
import fastify, { type FastifyInstance, type FastifyRequest } from 'fastify'
import type { Counter } from '../stores/store.ts'

type Incr = FastifyRateLimitStore['incr']

/**
 * The state of a counter, as @fastify/rate-limit tells it. Ours have no allow list, so a request is
 * never exempt.
 */
export interface Count {
  isExceeded: boolean
  /** Requests that the limit still allows. */
  remaining: number
  /** Milliseconds left of the window. */
  ttl: number
  ttlInSeconds: number
}

export const isExceeded = ({ isExceeded }: Count): boolean => isExceeded

/** Counters by key, of this process or of all processes. */
export interface CounterStore {
  /**
   * Adds requests to a counter. The first request opens a window of `windowMs`, which keeps its
   * end. A count of 0 only reads. A negative count gives requests back to the open window if that
   * ends within `windowMs`. A counter that has reached `max` is evicted after all others.
   */
  add(key: string, count: number, windowMs: number, max: number): Promise<Counter>
}

/** Counters, and the instance of @fastify/rate-limit that limits by them. */
export interface CounterApp { app: FastifyInstance, counters: CounterStore, now: () => number }

/**
 * Registers @fastify/rate-limit on a private instance: a limiter of the host would replace ours.
 */
export async function createCounterApp (
  counters: CounterStore, now: () => number
): Promise<CounterApp> {
  const app = fastify()
  await app.register(rateLimit, { global: false, store: rateLimitStore(counters) })
  await app.ready()
  return { app, counters, now }
}

/** Returns a store class of @fastify/rate-limit. All its limits share the counters. */
function rateLimitStore (counters: CounterStore): new () => FastifyRateLimitStore {
  return class RateLimitStore implements FastifyRateLimitStore {
    incr (
      key: string, callback: Parameters<Incr>[1], windowMs: number, max: number
    ): void {
      counters.add(key, 1, windowMs, max).then(
        counter => callback(null, counter), (error: Error) => callback(error)
      )
    }

    child (): RateLimitStore {
      return this
    }
  }
}

/** A key to count by, and the length of a new window in milliseconds. */
export interface CounterQuery { key: string, windowMs: number }

/** The state of a counter after a request. */
export interface CountedRequest extends Count {
  /** Takes the request off the counter again, unless its window is over. */
  giveBack(): Promise<void>
}

/** Counts one request. */
export type KeyedCounter = (query: CounterQuery) => Promise<CountedRequest>

/**
 * Builds a counter that allows `max` requests a window. @fastify/rate-limit counts requests only,
 * so a query stands in for one: it carries what the two generators below read, and the
 * `routeOptions` that the library reads.
 */
export function keyedCounter ({ app, counters, now }: CounterApp, max: number): KeyedCounter {
  const counter = app.createRateLimit({
    max,
    timeWindow: request => asQuery(request).windowMs,
    keyGenerator: request => asQuery(request).key
  })
  return async query => {
    const count = await counter(asRequest(query)) as Count
    const endsAt = now() + count.ttl
    return {
      ...count,
      async giveBack () {
        const leftMs = endsAt - now()
        if (leftMs > 0) await counters.add(query.key, -1, leftMs, max)
      }
    }
  }
}

const asRequest = (query: CounterQuery): FastifyRequest =>
  ({ ...query, routeOptions: {} }) as unknown as FastifyRequest

const asQuery = (request: FastifyRequest): CounterQuery => request as unknown as CounterQuery
