// @fastify/jwt declares request.user, and RequestSlot below gives it its type: the two must be loaded together.
/// <reference types="@fastify/jwt" preserve="true" />
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { type Authenticate, type AuthenticateUser, createAuthenticate, createAuthenticateUser } from './guard/authenticate.ts'
import type { AccessClaims } from './tokens/claims.ts'
import { type Core, createCore } from './registration.ts'
import { answerOurErrors } from './http/error-reply.ts'
import { refuse } from './option-checks.ts'
import { type SimpleJwtOptions, resolveOptions } from './options.ts'
import { publish } from './routes/published-keys.ts'
import { keyRoutes, tokenRoutes } from './routes/token-routes.ts'
import { type RequireClaims, createRequireClaims } from './guard/require-claims.ts'
import { type TokenService, createTokenService } from './service/token-service.ts'

export type { Authenticate, AuthenticateUser } from './guard/authenticate.ts'
export type { AccessClaims, Claims, RefreshClaims } from './tokens/claims.ts'
export { SimpleJwtError, type ErrorBody, type GuardMessage, type Refusal } from './errors.ts'
export type { SimpleJwtEvent } from './events.ts'
export type { Algorithm } from './keys/algorithms.ts'
export type { CookieMode } from './cookie/cookie-options.ts'
export type { Jwk, PublicJwk } from './keys/jwk.ts'
export type { KeyMaterial } from './keys/parse-key.ts'
export type { KeyInput, KeyPairInput, SecretInput } from './keys/key-options.ts'
export type { Duration } from './option-checks.ts'
export type { SimpleJwtOptions } from './options.ts'
export type { RateLimits } from './limits/rate-limit-options.ts'
export { memoryStore } from './stores/memory.ts'
export type { Session } from './stores/session.ts'
export type { Counters, Revocation, Rotation, RotationOutcome, RotationResult, SessionStore } from './stores/store.ts'
export type { RequireClaims, RequiredClaims } from './guard/require-claims.ts'
export type { RefreshedTokens, TokenPair } from './tokens/jwt.ts'
export type { TokenService } from './service/token-service.ts'
export type { Credentials, User } from './user.ts'
export type { CacheStatistics } from './tokens/verification-cache.ts'

/**
 * What `request.user` is, for an app to say by declaration merging: `interface SimpleJwtTypes { user: MyUser }`.
 * Without a word from the app it is `AccessClaims`.
 */
export interface SimpleJwtTypes {}

/** The type of `request.user`. */
export type RequestUser = SimpleJwtTypes extends { user: infer Known } ? Known : AccessClaims

/** The slot that @fastify/jwt declares, filled by inheritance so that an app which declares it too is not in our way. */
export interface RequestSlot { user: RequestUser }

declare module '@fastify/jwt' {
  interface FastifyJWT extends RequestSlot {}
}

declare module 'fastify' {
  interface FastifyInstance {
    /** Guards a route: `{ onRequest: app.authenticate }`. */
    authenticate: Authenticate
    /** Guards a route and looks the user up. Exists only with `findUser`. */
    authenticateUser: AuthenticateUser
    /** Guards a route for those whose token has some claims: `{ onRequest: app.requireClaims({ role: 'admin' }) }`. */
    requireClaims: RequireClaims
    /** Tokens and sessions, for the app's own code. */
    tokens: TokenService
  }
}

/** How often the sessions that are over are deleted, in milliseconds. */
const SWEEP_INTERVAL = 60_000

async function plugin (app: FastifyInstance, given: SimpleJwtOptions): Promise<void> {
  const core = await createCore(app, resolveOptions(given))
  const authenticate = createAuthenticate(core)
  const tokens = createTokenService(core)

  const { namespace, findUser, prefix, verifyOnly } = core.options
  decorate(app, namespace, 'authenticate', authenticate)
  if (findUser !== undefined) decorate(app, namespace, 'authenticateUser', createAuthenticateUser(core))
  decorate(app, namespace, 'requireClaims', createRequireClaims(core))
  decorate(app, namespace, 'tokens', tokens)

  answerOurErrors(app)
  if (!verifyOnly) {
    if (app.hasRoute({ method: 'POST', url: `${app.prefix}${prefix}/` })) refuse('prefix', `is taken: there is a route POST ${app.prefix}${prefix}/ already.`)
    await app.register(tokenRoutes(app, core, authenticate), { prefix })
    const rings = publish(app, core.keys)
    if (rings !== undefined) await app.register(keyRoutes(app, rings))
  }
  keepHouse(app, core, tokens)
}

function decorate (app: FastifyInstance, namespace: string | undefined, name: string, value: object): void {
  const decorator = namespace === undefined ? name : namespace + name[0]?.toUpperCase() + name.slice(1)
  if (app.hasDecorator(decorator)) throw new Error(`fastify-simplejwt: app.${decorator} exists already; give this registration a "namespace" of its own.`)
  app.decorate(decorator, value)
}

/** From ready to close: the list of ended sessions is fed, and what is over is swept. */
function keepHouse (app: FastifyInstance, core: Core, tokens: TokenService): void {
  const { options, revocations, remoteKeys } = core
  const timer = setInterval(() => { tokens.sweep().catch(() => {}) }, SWEEP_INTERVAL).unref()
  app.addHook('onReady', async () => {
    remoteKeys?.start()
    await askStore(core)
  })
  // Before the requests that run are waited for: some may wait for the issuer.
  app.addHook('preClose', async () => { remoteKeys?.stop() })
  app.addHook('onClose', async () => {
    clearInterval(timer)
    remoteKeys?.stop()
    revocations.stop()
    await options.store.close?.()
  })
}

/** Asks the store for the first time, itself: one that cannot be used stops the start, and says why. */
async function askStore ({ options, revocations }: Core): Promise<void> {
  try {
    await options.store.list('', options.now())
  } catch (cause) {
    throw new Error(`fastify-simplejwt: the session store cannot be used. ${(cause as Error).message}`, { cause })
  }
  if (options.revocation === 'list') await revocations.start()
}

/** Token authentication for Fastify, on the wire of djangorestframework-simplejwt: token routes, a guard, and `app.tokens`. */
export const simplejwt = fp(plugin, { fastify: '5.x', name: 'fastify-simplejwt' })
export default simplejwt
