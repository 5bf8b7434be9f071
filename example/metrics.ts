import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from 'prom-client'
// In your app: from 'fastify-simplejwt'
import type { SimpleJwtEvent } from '../plugin/index.ts'
import { metricsOfAll, tellPrimary } from './shared-metrics.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /** Counts an event of the plugin. Pass it as `onEvent`. */
    countEvent(event: SimpleJwtEvent): void
  }
}

const EVENTS: SimpleJwtEvent['type'][] = [
  'login', 'login_failed', 'throttled', 'refreshed', 'replayed', 'reuse_detected', 'revoked',
  'store_failed', 'keys_changed', 'authorized', 'authorization_denied', 'code_exchanged',
  'client_authenticated', 'client_failed'
]

const schema = {
  summary: 'Metrics of all workers, for Prometheus.',
  tags: ['server'],
  produces: ['text/plain'],
  response: { 200: { description: 'The text format of Prometheus.', type: 'string' } }
}

/**
 * Counts events and requests, and serves the metrics at `/metrics` if they are open. Each worker
 * has separate counters. The worker that gets the request replies for all.
 */
export const metrics = fp<{ open: boolean }>(async (app, { open }) => {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  countEvents(app, registry)
  timeRequests(app, registry)
  // The plugin is registered later, and the primary may query a worker while it starts.
  app.addHook('onReady', async () => readCache(app, registry))

  app.addHook('onClose', tellPrimary(registry))
  if (!open) return
  app.get('/metrics', { logLevel: 'warn', schema }, async (_request, reply) =>
    reply.type(registry.contentType).send(await metricsOfAll() ?? await registry.metrics()))
})

function countEvents (app: FastifyInstance, registry: Registry): void {
  const events = new Counter({
    name: 'simplejwt_events_total',
    help: 'Events of tokens and sessions.',
    labelNames: ['type'],
    registers: [registry]
  })
  // Prometheus computes a rate from the first event on only for a counter that started at 0.
  for (const type of EVENTS) events.inc({ type }, 0)
  app.decorate('countEvent', ({ type }: SimpleJwtEvent) => { events.inc({ type }) })
}

function timeRequests (app: FastifyInstance, registry: Registry): void {
  const seconds = new Histogram({
    name: 'http_request_duration_seconds',
    help: 'Time from the head of a request to the end of its reply.',
    labelNames: ['method', 'route', 'status'],
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    registers: [registry]
  })
  // The pattern of the route is the label. URLs would add one for each session and each bad path.
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
    help: 'Lookups of access tokens in the verification cache.',
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
