import { randomUUID } from 'node:crypto'
import fastify, { type FastifyInstance } from 'fastify'
// In an app of your own: import simplejwt from 'fastify-simplejwt'
import simplejwt from '../plugin/index.ts'
import { docs } from './docs.ts'
import { drain } from './drain.ts'
import { health } from './health.ts'
import { hello } from './hello.ts'
import { readKeys } from './keys.ts'
import { metrics } from './metrics.ts'
import { page } from './page.ts'
import { securityHeaders } from './security-headers.ts'
import type { Settings } from './settings.ts'
import { openStore } from './store.ts'
import { checkPassword, findUser } from './users.ts'

/**
 * Builds the demo: the token routes, two guarded routes, the page that teaches, and what is seen
 * from outside. It does not listen yet.
 */
export async function buildApp (settings: Settings): Promise<FastifyInstance> {
  const app = fastify({
    logger: { level: settings.logLevel },
    genReqId: ({ headers }) =>
      (settings.trustProxy !== false && idFrom(headers['x-request-id'])) || randomUUID(),
    trustProxy: settings.trustProxy,
    requestTimeout: 30_000,
    // What comes while the server ends is answered like any other: by then clients have been asked
    // to hang up.
    return503OnClosing: false,
    routerOptions: { ignoreTrailingSlash: true }
  })
  if (settings.secretIsMadeUp) {
    app.log.warn('JWT_SECRET is not set: using a random secret. Tokens expire with this process.')
  }
  await app.register(drain)
  await app.register(securityHeaders)
  await app.register(docs)
  await app.register(metrics)

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

  await app.register(hello)
  await app.register(health)
  await app.register(page, { settings })
  return app
}

/**
 * Requests of several workers are told apart, and one that a proxy has named keeps its name, if
 * that is no more than a name.
 */
const idFrom = (header: string | string[] | undefined): string | undefined =>
  typeof header === 'string' && /^[\w-]{1,64}$/.test(header) ? header : undefined
