import { subscribe } from 'node:diagnostics_channel'
import type { FastifyInstance } from 'fastify'
import { markGuardedRoutes } from './guard-by-default.ts'
import { watchRoutes } from './check-at-ready.ts'

// Fastify publishes each new app. A route may use an exported guard before the app registers the
// plugin, or without any registration.
subscribe('fastify.initialization', message => {
  const { fastify } = message as { fastify: FastifyInstance }
  watchRoutes(fastify)
  markGuardedRoutes(fastify)
})
