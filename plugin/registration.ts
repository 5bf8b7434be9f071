import type { FastifyInstance } from 'fastify'
import { type Carrier, createCarrier } from './cookie/transport.ts'
import { type Unauthorized, createUnauthorized } from './errors.ts'
import { type Emit, createEmit } from './events.ts'
import { fetchJwks } from './keys/fetch-jwks.ts'
import { type KeyRing, createKeyRing } from './keys/key-ring.ts'
import type { ResolvedOptions } from './options.ts'
import { type RemoteKeys, createRemoteKeys } from './keys/remote-jwks.ts'
import { type Revocations, createRevocations } from './sessions/revocation.ts'
import { type Sessions, createSessions } from './sessions/lifecycle.ts'
import { type StoreFailed, createStoreFailures } from './store-failures.ts'
import { boundedStore } from './sessions/bounded-store.ts'
import { type Throttle, createThrottle } from './limits/rate-limiter.ts'
import { type Tokens, createTokens } from './tokens/jwt.ts'
import { type VerificationCache, createVerificationCache } from './tokens/verification-cache.ts'

/** The parts of one registration, put together once. Routes and guard are given it and know nothing else. */
export interface Core {
  readonly options: ResolvedOptions
  readonly unauthorized: Unauthorized
  readonly emit: Emit
  readonly keys: KeyRing
  /** Only where the keys are another server's. */
  readonly remoteKeys: RemoteKeys | undefined
  /** After the ring has got other keys: what was verified with the ones before is not good for that. */
  keysChanged(): void
  readonly tokens: Tokens
  readonly cache: VerificationCache
  readonly revocations: Revocations
  readonly sessions: Sessions
  readonly carrier: Carrier
  readonly throttle: Throttle
}

export async function createCore (app: FastifyInstance, options: ResolvedOptions): Promise<Core> {
  const { accessTokenLifetime, leeway, usernameField, jwksUrl, now } = options
  const emit = createEmit(options.onEvent, app.log)
  const unauthorized = createUnauthorized(options.realm)
  const cache = createVerificationCache(options.verificationCache, leeway)
  const keysChanged = (): void => {
    cache.clear()
    emit({ type: 'keys_changed' })
  }
  const ring = await createKeyRing(app, options.keys)
  const remoteKeys = jwksUrl && createRemoteKeys({ fetchKeys: closing => fetchJwks(jwksUrl, closing), ring, changed: keysChanged, log: app.log })
  const keys = remoteKeys?.ring ?? ring
  const failed = createStoreFailures(app.log, emit)
  const store = boundedStore(options.store, failed)
  const countersFailed: StoreFailed = (verb, cause) => {
    store.doubt()
    failed(verb, cause)
  }
  const revocations = createRevocations({
    store, interval: options.revocationInterval, accessTokenLifetime: accessTokenLifetime + leeway, now
  })
  return {
    options,
    unauthorized,
    emit,
    keys,
    remoteKeys,
    keysChanged,
    tokens: createTokens(keys, options, accessTokenLifetime, now),
    cache,
    revocations,
    sessions: createSessions(store, revocations, options, now),
    carrier: await createCarrier(options, unauthorized),
    throttle: await createThrottle({ limits: options.rateLimit, usernameField, counters: options.store.counters, emit, failed: countersFailed, now })
  }
}
