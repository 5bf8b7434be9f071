import type { Guard, Serve } from './guarded.ts'
import { warmTicks } from './warm-ticks.ts'

/**
 * A server in its own process. Sends its port when it listens, and its processor time after each
 * message.
 */
const servers: Record<string, () => Promise<{ serve: Serve }>> = {
  plain: () => import('./plain.ts'),
  'empty-hook': () => import('./empty-hook.ts'),
  'hmac-hook': () => import('./hmac-hook.ts'),
  'fast-jwt-hook': () => import('./fast-jwt-hook.ts'),
  simplejwt: () => import('./simplejwt.ts'),
  'fastify-jwt': () => import('./fastify-jwt.ts'),
  'fastify-jwt-cache': () => import('./fastify-jwt-cache.ts'),
  'fastify-jwt-jwks': () => import('./fastify-jwt-jwks.ts'),
  'express-jwt': () => import('./express-jwt.ts'),
  'passport-jwt': () => import('./passport-jwt.ts'),
  hono: () => import('./hono.ts'),
  'koa-jwt': () => import('./koa-jwt.ts')
}

const [name = '', guard = '{}', isCold] = process.argv.slice(2)
if (isCold === undefined) await warmTicks()
const { serve } = await (servers[name] as () => Promise<{ serve: Serve }>)()
const port = await serve(JSON.parse(guard) as Guard)

process.on('message', () => { process.send?.(process.cpuUsage()) })
process.on('disconnect', () => process.exit())
process.send?.(port)
