import fastify, { type FastifyInstance } from 'fastify'
// In an app of your own: import simplejwt from 'fastify-simplejwt'
import simplejwt from '../plugin/index.ts'
import { hello } from './hello.ts'
import { readKeys } from './keys.ts'
import type { Settings } from './settings.ts'
import { openStore } from './store.ts'
import { checkPassword, findUser } from './users.ts'
import { welcome } from './welcome.ts'

/** Builds the demo: the token routes, two guarded routes, a page that says what to try. It does not listen yet. */
export async function buildApp (settings: Settings): Promise<FastifyInstance> {
  const app = fastify({
    logger: { level: settings.logLevel },
    trustProxy: settings.trustProxy,
    requestTimeout: 30_000,
    routerOptions: { ignoreTrailingSlash: true }
  })
  if (settings.secretIsMadeUp) app.log.warn('JWT_SECRET is not set: a secret was made up, and no token outlives this process')

  const { store, disconnect } = await openStore(settings.storeUrl)
  app.addHook('onClose', disconnect)

  await app.register(simplejwt, {
    ...(settings.keysPath === undefined ? { secret: settings.secret } : { keys: readKeys(settings.keysPath) }),
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
    ...(!settings.rateLimit && { rateLimit: false })
  })

  await app.register(hello)
  await app.register(welcome)
  return app
}
