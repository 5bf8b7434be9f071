import closeWithGrace from 'close-with-grace'
import envSchema from 'env-schema'
import fastify, { type FastifyInstance } from 'fastify'
// In your app: import simplejwt from 'fastify-simplejwt'
import simplejwt from '../plugin/index.ts'

const schema = {
  type: 'object',
  required: ['ISSUER', 'AUDIENCE'],
  properties: {
    HOST: { type: 'string', minLength: 1, default: '127.0.0.1' },
    PORT: { type: 'integer', minimum: 0, maximum: 65535, default: 8001 },
    JWKS_URL: { type: 'string', default: 'http://127.0.0.1:8000/.well-known/jwks.json' },
    ISSUER: { type: 'string', minLength: 1 },
    AUDIENCE: { type: 'string', minLength: 1 },
    LOG_LEVEL: { type: 'string', default: 'info' }
  }
}

interface Settings {
  HOST: string
  PORT: number
  JWKS_URL: string
  ISSUER: string
  AUDIENCE: string
  LOG_LEVEL: string
}

/**
 * Builds a second service without users and secrets. It verifies the demo's tokens with the demo's
 * public keys, and accepts only tokens for its audience. Log in there, call `/hello/` here.
 */
async function buildResourceServer (settings: Settings): Promise<FastifyInstance> {
  const app = fastify({
    logger: { level: settings.LOG_LEVEL },
    requestTimeout: 30_000,
    routerOptions: { ignoreTrailingSlash: true }
  })
  await app.register(simplejwt, {
    jwksUrl: settings.JWKS_URL,
    issuer: settings.ISSUER,
    audience: settings.AUDIENCE
  })
  app.get('/hello/', { onRequest: app.authenticate }, async request => ({
    message: `Hello, user ${request.user.user_id}!`
  }))
  app.get('/healthz', async () => ({ status: 'ok' }))
  return app
}

try {
  const settings = envSchema<Settings>({ schema, dotenv: false })
  const app = await buildResourceServer(settings)
  closeWithGrace({ delay: 10_000, logger: app.log }, () => app.close())
  await app.listen({ host: settings.HOST, port: settings.PORT })
} catch (error) {
  console.error(`The resource server did not start: ${(error as Error).message}`)
  process.exit(1)
}
