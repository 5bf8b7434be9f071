// @fastify/jwt declares request.user, and RequestSlot below types it: both must be loaded together.
/// <reference types="@fastify/jwt" preserve="true" />
import type { FastifyBaseLogger, FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import './guard/watch-apps.ts'
import type { AuthenticateUser } from './guard/authenticate.ts'
import { guardByDefault } from './guard/guard-by-default.ts'
import type { Authenticate } from './guard/guard-hook.ts'
import { createGuards, registerGuards } from './guard/registered-guards.ts'
import { declareSlots } from './guard/request-user.ts'
import type { RequireClaims } from './guard/require-claims.ts'
import type { ClientClaims, RequireClient } from './guard/require-client.ts'
import type { RequireScope } from './guard/require-scope.ts'
import { answerOurErrors } from './http/error-reply.ts'
import type { SimpleJwtOptions } from './options.ts'
import { type Registration, createRegistration } from './registration.ts'
import { resolveOptions } from './resolve-options.ts'
import { publish } from './routes/jwks.ts'
import { keyRoutes, registerTokenRoutes } from './routes/token-routes.ts'
import { type TokenService, createTokenService } from './service/token-service.ts'
import type { AccessClaims } from './tokens/claims.ts'
import type { Account } from './user.ts'

export { SimpleJwtError, type ErrorBody, type GuardMessage, type Refusal } from './errors.ts'
export {
  authenticate, authenticateOptional, authenticateUser, claimsOf, requireClaims, requireClient,
  requireScope
} from './guard/exported-guards.ts'
export { memoryStore } from './stores/memory.ts'
export type { CookieMode } from './cookie/cookie-options.ts'
export type { SimpleJwtEvent } from './events.ts'
export type { AuthenticateUser } from './guard/authenticate.ts'
export type { Authenticate } from './guard/guard-hook.ts'
export type { RequireClaims, RequiredClaims } from './guard/require-claims.ts'
export type { ClientClaims, RequireClient } from './guard/require-client.ts'
export type { RequireScope } from './guard/require-scope.ts'
export type { Algorithm } from './keys/algorithms.ts'
export type { Jwk, PublicJwk } from './keys/jwk.ts'
export type { KeyInput, KeyPairInput, SecretInput } from './keys/key-options.ts'
export type { KeyMaterial } from './keys/parse-key.ts'
export type { RateLimits } from './limits/rate-limit-options.ts'
export type { Duration } from './option-checks.ts'
export type { SimpleJwtOptions } from './options.ts'
export type { LoginCheck } from './service/attempt.ts'
export type { IssueOptions } from './service/issue.ts'
export type { LoginAnswer } from './service/login.ts'
export type { SessionOptions } from './service/session-options.ts'
export type { TokenService } from './service/token-service.ts'
export type { Session } from './stores/session.ts'
export type {
  Counters, Revocation, Rotation, RotationOutcome, RotationResult, SessionStore
} from './stores/store.ts'
export type { AccessClaims, Claims, RefreshClaims } from './tokens/claims.ts'
export type { RefreshedTokens, TokenPair } from './tokens/jwt.ts'
export type { CacheStatistics } from './tokens/verification-cache.ts'
export type { Account, Credentials, DeclaredClaims, SimpleJwtTypes, User } from './user.ts'

/** Types `request.user` by extending @fastify/jwt's interface, so an app may still declare it. */
export interface RequestSlot { user: AccessClaims }

declare module '@fastify/jwt' {
  interface FastifyJWT extends RequestSlot {}
}

declare module 'fastify' {
  interface FastifyInstance {
    /** Guards a route: `{ onRequest: app.authenticate }`. */
    authenticate: Authenticate
    /** As `authenticate`. Lets requests without a token pass, with null in `request.user`. */
    authenticateOptional: Authenticate
    /** Guards a route and calls `findUser`. Exists only with that option. */
    authenticateUser: AuthenticateUser
    /** Guards a route by claims: `{ onRequest: app.requireClaims({ role: 'admin' }) }`. */
    requireClaims: RequireClaims
    /** Guards a route that OAuth clients may open, by scopes: `app.requireScope('photos:read')`. */
    requireScope: RequireScope
    /** Guards a route for OAuth clients that act for themselves: `app.requireClient()`. */
    requireClient: RequireClient
    /** Tokens and sessions, for the app's own code. */
    tokens: TokenService
  }

  interface FastifyRequest {
    /** The user that `findUser` returned. Only `authenticateUser` sets it. */
    account: Account
    /** The claims of an OAuth client's own token. Only `requireClient` sets it. */
    client: ClientClaims
  }

  interface FastifyContextConfig {
    /** True: `guardByDefault` leaves the route open. */
    public?: boolean
  }
}

const SWEEP_INTERVAL_MS = 60_000

async function plugin (app: FastifyInstance, given: SimpleJwtOptions): Promise<void> {
  const registration = await createRegistration(app, resolveOptions(given))
  declareSlots(app)
  const tokens = createTokenService(registration)
  const guards = createGuards(registration)
  decorateWith(app, registration.options.namespace, {
    authenticate: guards.authenticate,
    authenticateOptional: guards.authenticateOptional,
    authenticateUser: guards.authenticateUser,
    requireClaims: guards.requireClaims,
    requireScope: guards.requireScope,
    requireClient: guards.requireClient,
    tokens
  })
  registerGuards(app, guards)

  answerOurErrors(app)
  if (!registration.options.verifyOnly) await registerRoutes(app, registration)
  if (registration.options.guardByDefault) guardByDefault(app, guards.authenticate)
  startBackgroundJobs(app, registration, tokens)
}

/** Leaves out what is undefined. @throws Error for a name that the app has already */
function decorateWith (
  app: FastifyInstance, namespace: string | undefined, values: Record<string, object | undefined>
): void {
  for (const [name, value] of Object.entries(values)) {
    if (value === undefined) continue
    const decorator = namespace === undefined
      ? name
      : namespace + name[0]?.toUpperCase() + name.slice(1)
    if (app.hasDecorator(decorator)) {
      throw new Error(`fastify-simplejwt: app.${decorator} exists already. ` +
        'Set the option "namespace" to a name that no other registration has.')
    }
    app.decorate(decorator, value)
  }
}

async function registerRoutes (app: FastifyInstance, registration: Registration): Promise<void> {
  // The hidden routes of the keys declare the security scheme of the session routes.
  const rings = publish(app, registration.keys)
  if (rings !== undefined) await app.register(keyRoutes(app, rings))
  await registerTokenRoutes(app, registration)
}

/** Background jobs between onReady and onClose: poll revocations, delete expired sessions. */
function startBackgroundJobs (
  app: FastifyInstance, registration: Registration, tokens: TokenService
): void {
  const { options, revocations, remoteKeys } = registration
  const timer = setInterval(() => { tokens.sweep().catch(() => {}) }, SWEEP_INTERVAL_MS).unref()
  app.addHook('onReady', async () => {
    remoteKeys?.start()
    await probeStore(registration, app.log)
  })
  // Fastify waits for running requests after preClose, and some may wait for the issuer.
  app.addHook('preClose', async () => { remoteKeys?.stop() })
  app.addHook('onClose', async () => {
    clearInterval(timer)
    remoteKeys?.stop()
    revocations.stop()
    await options.store.close?.()
  })
}

/**
 * Queries the store once at startup, without the timeout wrapper, so that a broken store fails the
 * start with its own error. A registration that only verifies needs no right to write.
 */
async function probeStore (
  { options, revocations }: Pick<Registration, 'options' | 'revocations'>, log: FastifyBaseLogger
): Promise<void> {
  const { store, verifyOnly, now } = options
  try {
    await store.list('', now())
    const warnings = verifyOnly ? [] : await store.check?.()
    for (const warning of warnings ?? []) log.warn(`fastify-simplejwt: ${warning}`)
  } catch (cause) {
    throw new Error(
      `fastify-simplejwt: the session store cannot be used. ${(cause as Error).message}`, { cause })
  }
  if (options.revocation === 'list' || options.onSessionEnded !== undefined) {
    await revocations.start()
  }
}

/**
 * Token authentication for Fastify, wire-compatible with djangorestframework-simplejwt: token
 * routes, a guard, and `app.tokens`.
 */
export const simplejwt = fp(plugin, { fastify: '5.x', name: 'fastify-simplejwt' })
export default simplejwt
