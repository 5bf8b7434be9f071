import { randomUUID } from 'node:crypto'
import fastify, { type FastifyInstance } from 'fastify'
// In your app: import simplejwt from 'fastify-simplejwt'
import simplejwt from '../plugin/index.ts'
import { docs } from './docs.ts'
import { drain } from './drain.ts'
import { health } from './health.ts'
import { hello } from './hello.ts'
import { readKeys } from './keys.ts'
import { loggerWithoutQueries } from './logger.ts'
import { metrics } from './metrics.ts'
import { oauthForApps } from './oauth.ts'
import { page } from './page.ts'
import { redirectToHttps } from './redirect-to-https.ts'
import { securityHeaders } from './security-headers.ts'
import type { Settings } from './settings.ts'
import { openStore } from './store.ts'
import { checkPassword, findUser } from './users.ts'

/**
 * Builds the demo: token routes, two guarded routes, OAuth for apps, the lessons, health checks and
 * metrics. Does not listen yet.
 */
export async function buildApp (settings: Settings): Promise<FastifyInstance> {
  const app = fastify({
    logger: loggerWithoutQueries(settings.logLevel),
    genReqId: ({ headers }) =>
      (settings.trustProxy !== false && idFrom(headers['x-request-id'])) || randomUUID(),
    trustProxy: settings.trustProxy,
    requestTimeout: 30_000,
    // drain() has sent `connection: close` before, so the last requests get normal replies.
    return503OnClosing: false,
    routerOptions: { ignoreTrailingSlash: true }
  })
  if (settings.secretIsMadeUp) {
    app.log.warn('JWT_SECRET is not set: using a random secret. Tokens expire with this process.')
  }
  await app.register(drain)
  await app.register(securityHeaders)
  if (settings.trustProxy !== false) await app.register(redirectToHttps)
  if (settings.docs) await app.register(docs)
  await app.register(metrics, { open: settings.metrics })

  const { store, disconnect } = await openStore(settings.storeUrl)
  app.addHook('onClose', disconnect)

  await app.register(simplejwt, {
    ...(settings.keysPath === undefined
      ? { secret: settings.secret }
      : { keys: readKeys(settings.keysPath) }),
    store,
    verifyCredentials: ({ username, password }) => checkPassword(username, password),
    findUser,
    accessTokenLifetime: settings.accessTokenLifetime,
    refreshTokenLifetime: settings.refreshTokenLifetime,
    sessionLifetime: settings.sessionLifetime,
    rotateRefreshTokens: settings.rotateRefreshTokens,
    reuseInterval: settings.reuseInterval,
    adoptRefreshTokens: settings.adoptRefreshTokens,
    revocationInterval: settings.revocationInterval,
    cookie: settings.cookie,
    ...(settings.issuer !== undefined && { issuer: settings.issuer }),
    ...(settings.audience !== undefined && { audience: settings.audience }),
    ...(!settings.rateLimit && { rateLimit: false }),
    onEvent: app.countEvent
  })

  await oauthForApps(app, settings)
  await app.register(hello)
  await app.register(health)
  await app.register(page, { settings })
  return app
}

/**
 * Returns the request id of a proxy, if it is a plain name. The others are UUIDs, since Fastify's
 * counters would repeat in each worker.
 */
const idFrom = (header: string | string[] | undefined): string | undefined =>
  typeof header === 'string' && /^[\w-]{1,64}$/.test(header) ? header : undefined
