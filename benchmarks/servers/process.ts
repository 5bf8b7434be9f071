import type { Guard, Serve } from './guarded.ts'

/** A server in a process of its own: it says its port once it listens, and what processor time it has used whenever it is asked. */
const servers: Record<string, () => Promise<{ serve: Serve }>> = {
  plain: () => import('./plain.ts'),
  simplejwt: () => import('./simplejwt.ts'),
  'fastify-jwt': () => import('./fastify-jwt.ts'),
  'fastify-jwt-cache': () => import('./fastify-jwt-cache.ts'),
  'fastify-jwt-jwks': () => import('./fastify-jwt-jwks.ts'),
  'express-jwt': () => import('./express-jwt.ts'),
  'passport-jwt': () => import('./passport-jwt.ts'),
  hono: () => import('./hono.ts'),
  'koa-jwt': () => import('./koa-jwt.ts')
}

/**
 * On Node 20 a collection of garbage that comes before `process.nextTick` is hot leaves it slow for good (V8 has forgotten the
 * shape of its objects): 7 us a request, in one process and not in the next. So it is made hot before anything else.
 */
async function warmTicks (): Promise<void> {
  for (let round = 0; round < 300; round++) {
    for (let tick = 0; tick < 1000; tick++) process.nextTick(() => {}, tick)
    await new Promise(resolve => { process.nextTick(resolve) })
  }
}

await warmTicks()
const [name = '', guard = '{}'] = process.argv.slice(2)
const { serve } = await (servers[name] as () => Promise<{ serve: Serve }>)()
const port = await serve(JSON.parse(guard) as Guard)

process.on('message', () => { process.send?.(process.cpuUsage()) })
process.on('disconnect', () => process.exit())
process.send?.(port)
