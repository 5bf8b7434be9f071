import type { FastifyInstance } from 'fastify'
import { type Unauthorized, createUnauthorized } from './errors.ts'
import { type Emit, createEmit } from './events.ts'
import { type KeyRing, createKeyRing } from './keys.ts'
import type { ResolvedOptions } from './options.ts'
import { type Revocations, createRevocations } from './revocations.ts'
import { type Sessions, createSessions } from './sessions.ts'
import { type StoreFailed, createStoreFailures } from './store-failures.ts'
import { boundedStore } from './stores/bounded.ts'
import { type Throttle, createThrottle } from './throttle.ts'
import { type Tokens, createTokens } from './tokens.ts'
import { type VerificationCache, createVerificationCache } from './verification-cache.ts'

/** The parts of one registration, put together once. Routes and guard are given it and know nothing else. */
export interface Core {
  readonly options: ResolvedOptions
  readonly unauthorized: Unauthorized
  readonly emit: Emit
  readonly keys: KeyRing
  readonly tokens: Tokens
  readonly cache: VerificationCache
  readonly revocations: Revocations
  readonly sessions: Sessions
  readonly throttle: Throttle
}

export async function createCore (app: FastifyInstance, options: ResolvedOptions): Promise<Core> {
  const { accessTokenLifetime, leeway, usernameField, now } = options
  const emit = createEmit(options.onEvent, app.log)
  const keys = await createKeyRing(app, options.keys)
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
    unauthorized: createUnauthorized(options.realm),
    emit,
    keys,
    tokens: createTokens(keys, options, accessTokenLifetime, now),
    cache: createVerificationCache(options.verificationCache, leeway),
    revocations,
    sessions: createSessions(store, revocations, options, now),
    throttle: await createThrottle({ limits: options.rateLimit, usernameField, counters: options.store.counters, emit, failed: countersFailed, now })
  }
}
