import fastify from 'fastify'
import { listenWithFastify } from './guarded.ts'
import { warmTicks } from './warm-ticks.ts'

/**
 * Routes without this package that take the bodies of a login and a refresh, check them by the same
 * schemas, and send as many bytes. Runs in its own process.
 */
const TOKEN = 'x'.repeat(285)
const PAIR = { access: TOKEN, refresh: TOKEN }

const object = (...names: string[]) => ({
  type: 'object',
  required: names,
  properties: Object.fromEntries(names.map(name => [name, { type: 'string' }]))
})
const response = { 200: object('access', 'refresh') }

await warmTicks()
const app = fastify()
for (const [path, body] of [
  ['/api/token/', object('username', 'password')], ['/api/token/refresh/', object('refresh')]
] as const) {
  app.post(path, { schema: { body, response } }, async () => PAIR)
}
const port = await listenWithFastify(app)
process.on('message', () => { process.send?.(process.cpuUsage()) })
process.on('disconnect', () => process.exit())
process.send?.(port)
