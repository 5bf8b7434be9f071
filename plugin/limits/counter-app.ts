import rateLimit, { type FastifyRateLimitStore } from '@fastify/rate-limit'
import fastify, { type FastifyInstance, type FastifyRequest } from 'fastify'
import type { Count, CounterQuery, CounterStore, LimitCounters } from './keyed-counter.ts'

type Incr = FastifyRateLimitStore['incr']

/** Counters, and the instance of @fastify/rate-limit that limits by them. */
export interface CounterApp extends LimitCounters { app: FastifyInstance }

/**
 * Registers @fastify/rate-limit on a private instance: a limiter of the host would replace ours.
 */
export async function createCounterApp (
  counters: CounterStore, now: () => number
): Promise<CounterApp> {
  const app = fastify()
  await app.register(rateLimit, { global: false, store: rateLimitStore(counters) })
  await app.ready()
  return { app, counters, now, countUpTo: max => countByPlugin(app, max) }
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

/**
 * Counts by @fastify/rate-limit. That counts requests only, so a query stands in for one: it
 * carries what the two generators below read, and the `routeOptions` that the library reads. Ours
 * has no allow list, so a request is never exempt.
 */
function countByPlugin (
  app: FastifyInstance, max: number
): (query: CounterQuery) => Promise<Count> {
  const count = app.createRateLimit({
    max,
    timeWindow: request => asQuery(request).windowMs,
    keyGenerator: request => asQuery(request).key
  })
  return async query => await count(asRequest(query)) as Count
}

const asRequest = (query: CounterQuery): FastifyRequest =>
  ({ ...query, routeOptions: {} }) as unknown as FastifyRequest

const asQuery = (request: FastifyRequest): CounterQuery => request as unknown as CounterQuery
