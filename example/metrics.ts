import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from 'prom-client'
// In an app of your own: from 'fastify-simplejwt'
import type { SimpleJwtEvent } from '../plugin/index.ts'
import { metricsOfAll, tellPrimary } from './shared-metrics.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /** Counts an event of the plugin: its `onEvent`. */
    countEvent(event: SimpleJwtEvent): void
  }
}

const EVENTS: SimpleJwtEvent['type'][] = [
  'login', 'login_failed', 'throttled', 'refreshed', 'replayed', 'reuse_detected', 'revoked',
  'store_failed', 'keys_changed'
]

const schema = {
  summary: 'Figures of all workers, for Prometheus.',
  tags: ['server'],
  produces: ['text/plain'],
  response: { 200: { description: 'The text format of Prometheus.', type: 'string' } }
}

/**
 * Counts what happens, and tells it at `/metrics`. Each worker counts for itself; whichever is
 * asked answers for all.
 */
export const metrics = fp(async app => {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  countEvents(app, registry)
  timeRequests(app, registry)
  // The plugin is registered later than this, and a worker may be asked while it starts.
  app.addHook('onReady', async () => readCache(app, registry))

  app.addHook('onClose', tellPrimary(registry))
  app.get('/metrics', { logLevel: 'warn', schema }, async (_request, reply) =>
    reply.type(registry.contentType).send(await metricsOfAll() ?? await registry.metrics()))
})

function countEvents (app: FastifyInstance, registry: Registry): void {
  const events = new Counter({
    name: 'simplejwt_events_total',
    help: 'What happened to tokens and sessions.',
    labelNames: ['type'],
    registers: [registry]
  })
  // A figure that is there from the start has a rate from the first event on.
  for (const type of EVENTS) events.inc({ type }, 0)
  app.decorate('countEvent', ({ type }: SimpleJwtEvent) => { events.inc({ type }) })
}

function timeRequests (app: FastifyInstance, registry: Registry): void {
  const seconds = new Histogram({
    name: 'http_request_duration_seconds',
    help: 'From the head of a request to the end of its answer.',
    labelNames: ['method', 'route', 'status'],
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    registers: [registry]
  })
  // The route, not its URL, which would be another label for each session and for each bad guess.
  app.addHook('onResponse', async ({ method, routeOptions }, reply) => {
    seconds.observe(
      { method, route: routeOptions.url ?? 'none', status: reply.statusCode },
      reply.elapsedTime / 1000
    )
  })
}

function readCache (app: FastifyInstance, registry: Registry): void {
  registry.registerMetric(new Counter({
    name: 'simplejwt_cache_lookups_total',
    help: 'Access tokens that were looked for in the verification cache.',
    labelNames: ['result'],
    registers: [],
    collect () {
      const { hits, misses } = app.tokens.cacheStatistics()
      this.reset()
      this.inc({ result: 'hit' }, hits)
      this.inc({ result: 'miss' }, misses)
    }
  }))
  registry.registerMetric(new Gauge({
    name: 'simplejwt_cache_entries',
    help: 'Access tokens in the verification cache.',
    registers: [],
    collect () { this.set(app.tokens.cacheStatistics().entries) }
  }))
}
