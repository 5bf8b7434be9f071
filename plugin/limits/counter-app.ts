import rateLimit, { type RateLimitPluginOptions } from '@fastify/rate-limit'
import fastify, { type FastifyInstance, type FastifyRequest } from 'fastify'

type RateLimitResult = Awaited<ReturnType<ReturnType<FastifyInstance['createRateLimit']>>>

/** The state of a counter. Ours have no allow list, so a request is never exempt. */
export type Count = Exclude<RateLimitResult, { isAllowed: true }>

export const isExceeded = ({ isExceeded }: Count): boolean => isExceeded

/**
 * Registers @fastify/rate-limit on a private instance: a limiter of the host would replace ours.
 */
export async function createCounterApp (
  counters: RateLimitPluginOptions
): Promise<FastifyInstance> {
  const app = fastify()
  await app.register(rateLimit, { global: false, ...counters })
  await app.ready()
  return app
}

/** A key to count by, and the length of a new window in milliseconds. */
export interface CounterQuery { key: string, windowMs: number }

export const counterQuery = (key: string, windowMs: number): CounterQuery => ({ key, windowMs })

/** Counts requests by key. */
export interface KeyedCounter {
  /** Counts one request. Returns the state after it. */
  count(query: CounterQuery): Promise<Count>
  /** Returns the number of requests in the current window, and counts none. */
  read(query: CounterQuery): Promise<number>
}

/**
 * Builds a counter that allows `max` requests a window. @fastify/rate-limit counts requests only,
 * so a query stands in for one: it carries what the two generators below read, and the
 * `routeOptions` that the library reads.
 */
export function keyedCounter (app: FastifyInstance, max: number): KeyedCounter {
  const counter = app.createRateLimit({
    max,
    timeWindow: request => asQuery(request).windowMs,
    keyGenerator: request => asQuery(request).key
  })
  return {
    count: async query => await counter(asRequest(query)) as Count,
    async read (query) {
      const { max, remaining } = await counter(asRequest(query), { increment: false }) as Count
      return max - remaining
    }
  }
}

const asRequest = (query: CounterQuery): FastifyRequest =>
  ({ ...query, routeOptions: {} }) as unknown as FastifyRequest

const asQuery = (request: FastifyRequest): CounterQuery => request as unknown as CounterQuery
