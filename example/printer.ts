import serveFiles from '@fastify/static'
import closeWithGrace from 'close-with-grace'
import envSchema from 'env-schema'
import fastify, { type FastifyInstance } from 'fastify'
import { folder } from './folder.ts'
import { loggerWithoutQueries } from './logger.ts'

const schema = {
  type: 'object',
  properties: {
    HOST: { type: 'string', minLength: 1, default: '127.0.0.1' },
    PRINTER_PORT: { type: 'integer', minimum: 0, maximum: 65535, default: 8002 },
    ISSUER: { type: 'string', pattern: '^https?://[^\\s;,?#]+$', default: 'http://127.0.0.1:8000' },
    LOG_LEVEL: { type: 'string', default: 'info' }
  }
}

interface Settings { HOST: string, PRINTER_PORT: number, ISSUER: string, LOG_LEVEL: string }

/**
 * Builds the second app, Photo Printer. It serves files only: its page gets a token from the demo,
 * and the photos with it.
 */
async function buildPrinter ({ ISSUER, LOG_LEVEL }: Settings): Promise<FastifyInstance> {
  const app = fastify({
    logger: loggerWithoutQueries(LOG_LEVEL),
    requestTimeout: 30_000,
    routerOptions: { ignoreTrailingSlash: true }
  })
  const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src data:; " +
    `connect-src 'self' ${new URL(ISSUER).origin}; frame-ancestors 'none'`
  app.addHook('onRequest', async (_request, reply) => {
    reply.headers({
      'content-security-policy': policy,
      'referrer-policy': 'no-referrer',
      'x-content-type-options': 'nosniff'
    })
  })
  await app.register(serveFiles, { root: [folder('printer'), folder('public')], serve: false })
  for (const [path, file] of [
    ['/', 'printer.html'], ['/callback', 'printer.html'], ['/printer.js', 'printer.js'],
    ['/style.css', 'style.css']
  ] as const) {
    app.get(path, (_request, reply) => reply.sendFile(file))
  }
  app.get('/settings.json', async () => ({ issuer: ISSUER, client_id: 'photo-printer' }))
  return app
}

try {
  const settings = envSchema<Settings>({ schema, dotenv: false })
  const app = await buildPrinter(settings)
  closeWithGrace({ delay: 10_000, logger: app.log }, () => app.close())
  await app.listen({ host: settings.HOST, port: settings.PRINTER_PORT })
} catch (error) {
  console.error(`Photo Printer did not start: ${(error as Error).message}`)
  process.exit(1)
}
