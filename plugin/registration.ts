import type { FastifyInstance, FastifyRequest } from 'fastify'
import { type TokenTransport, createTransport } from './cookie/transport.ts'
import { type Unauthorized, createUnauthorized } from './errors.ts'
import { type Emit, createEmit } from './events.ts'
import { addressOf } from './http/client-address.ts'
import { fetchJwks } from './keys/fetch-jwks.ts'
import type { Key } from './keys/key-options.ts'
import { type KeyRing, createKeyRing } from './keys/key-ring.ts'
import { type RemoteKeys, createRemoteKeys } from './keys/remote-jwks.ts'
import { type RateLimiter, createRateLimiter } from './limits/rate-limiter.ts'
import type { ResolvedOptions } from './resolve-options.ts'
import { boundedStore } from './sessions/bounded-store.ts'
import { sessionEndedCallback } from './sessions/ended-sessions.ts'
import { type Sessions, createSessions } from './sessions/lifecycle.ts'
import {
  type IsRevoked, type Revocations, createIsRevoked, createRevocations
} from './sessions/revocation.ts'
import { type ReportStoreFailure, createStoreFailures } from './store-failures.ts'
import { type Tokens, createTokens } from './tokens/jwt.ts'
import { type VerificationCache, createVerificationCache } from './tokens/verification-cache.ts'

/**
 * Everything that one `register()` call owns, wired once. Use cases, routes and guards take the
 * members that they use.
 */
export interface Registration {
  readonly options: ResolvedOptions
  readonly unauthorized: Unauthorized
  readonly emit: Emit
  readonly keys: KeyRing
  /** Only with `jwksUrl`. */
  readonly remoteKeys: RemoteKeys | undefined
  /** Call after replacing keys: drops cached verifications made with the old ones. */
  keysChanged(): void
  /** Checks of new keys before they replace the current ones. Each throws a TypeError to refuse. */
  readonly keyChecks: ((keys: readonly Key[]) => void)[]
  readonly tokens: Tokens
  readonly cache: VerificationCache
  readonly revocations: Revocations
  readonly isRevoked: IsRevoked
  readonly sessions: Sessions
  /**
   * Runs the store work of a request. One client address gets only a share of the calls to the
   * store. @throws SimpleJwtError 503 over the share
   */
  inShare<Result>(request: FastifyRequest, work: () => Promise<Result>): Promise<Result>
  readonly transport: TokenTransport
  readonly rateLimiter: RateLimiter
}

export async function createRegistration (
  app: FastifyInstance, options: ResolvedOptions
): Promise<Registration> {
  const { accessTokenLifetime, leeway, now } = options
  const emit = createEmit(options.onEvent, app.log)
  const unauthorized = createUnauthorized(options.realm, options.resourceMetadata)
  const cache = createVerificationCache(options.verificationCache, leeway)
  const keysChanged = (): void => {
    cache.clear()
    emit({ type: 'keys_changed' })
  }
  const { ring, remoteKeys } = await createKeys(app, options, keysChanged)

  const reportFailure = createStoreFailures(app.log, emit)
  const store = boundedStore(options.store, reportFailure)
  const reportCounterFailure: ReportStoreFailure = (verb, cause) => {
    store.suspect()
    reportFailure(verb, cause)
  }
  const revocations = createRevocations({
    store,
    interval: options.revocationInterval,
    accessTokenLifetime,
    leeway,
    now,
    sharedBy: options.store,
    onEnded: sessionEndedCallback(options.onSessionEnded, app.log)
  })
  const sessions = createSessions(store, revocations, options, now)

  return {
    options,
    unauthorized,
    emit,
    keys: ring,
    remoteKeys,
    keysChanged,
    keyChecks: [],
    tokens: createTokens(ring, options, accessTokenLifetime, now),
    cache,
    revocations,
    isRevoked: createIsRevoked(options.revocation, revocations, sessions),
    sessions,
    inShare: (request, work) => store.inShare(addressOf(request), work),
    transport: await createTransport(options, unauthorized),
    rateLimiter: await createRateLimiter({
      limits: options.rateLimit,
      counters: options.store.counters,
      emit,
      reportFailure: reportCounterFailure,
      now
    })
  }
}

/** Builds the ring of the app's own keys, or with `jwksUrl` one that follows the issuer's keys. */
async function createKeys (
  app: FastifyInstance, { keys, jwksUrl }: ResolvedOptions, changed: () => void
): Promise<{ ring: KeyRing, remoteKeys: RemoteKeys | undefined }> {
  const ring = await createKeyRing(app, keys)
  if (jwksUrl === undefined) return { ring, remoteKeys: undefined }
  const fetchKeys = (closing: AbortSignal) => fetchJwks(jwksUrl, closing)
  const remoteKeys = createRemoteKeys({ fetchKeys, ring, changed, log: app.log })
  return { ring: remoteKeys.ring, remoteKeys }
}
