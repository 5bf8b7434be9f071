import type { FastifyBaseLogger } from 'fastify'
import { ALGORITHMS, algorithmNamed } from './algorithms.ts'
import { keysUnavailable } from '../errors.ts'
import type { FetchedKeys } from './fetch-jwks.ts'
import { thumbprint } from './jwk.ts'
import type { KeyRing } from './key-ring.ts'
import type { PairKey } from './key-options.ts'

/** Keeps a ring filled with the public keys of another server, the issuer. */
export interface RemoteKeys {
  /** The ring. Fetches a missing key once for all waiting requests, and then after a cooldown. */
  readonly ring: KeyRing
  /**
   * Fetches now and again whenever max-age expires. Resolves after the first attempt, even a failed
   * one.
   */
  start(): Promise<void>
  stop(): void
}

export interface RemoteKeysOptions {
  /** Fetches the issuer's keys. */
  fetchKeys(closing: AbortSignal): Promise<FetchedKeys>
  ring: KeyRing
  /** Called after the ring got other keys. */
  changed(): void
  log: FastifyBaseLogger
  /** Minimum time between two fetches. A failed one is retried sooner. Default 10,000. */
  cooldownMs?: number
}

const COOLDOWN_MS = 10_000
/** Delay after a failed fetch. Doubles with each failure. */
const MIN_RETRY_MS = 250
const MAX_RETRY_MS = 2000
/** Upper bound for the issuer's max-age. */
const MAX_AGE_MS = 86_400_000
/** Requests that wait for the issuer at a time. Further ones get a 503 at once. */
const MAX_WAITING = 2000

/** Returns whether an issuer could publish the key of such a token at all. */
function isPublished (alg: string): boolean {
  const algorithm = algorithmNamed(alg)
  return algorithm !== undefined && ALGORITHMS[algorithm].kty !== 'oct'
}

export function createRemoteKeys (options: RemoteKeysOptions): RemoteKeys {
  const { fetchKeys, ring, changed, log, cooldownMs = COOLDOWN_MS } = options
  const closing = new AbortController()
  let known = ''
  let fetching: Promise<void> | undefined
  let timer: NodeJS.Timeout | undefined
  /** Consecutive failed fetches. */
  let failures = 0
  /** The earliest time of the next fetch, by performance.now(). */
  let notBefore = 0
  let waiting = 0

  const refresh = (): Promise<void> => {
    fetching ??= attempt().finally(() => { fetching = undefined })
    return fetching
  }

  async function attempt (): Promise<void> {
    clearTimeout(timer)
    const begun = performance.now()
    let next: number
    try {
      const { keys, maxAge } = await fetchKeys(closing.signal)
      failures = 0
      notBefore = begun + cooldownMs
      next = Math.min(Math.max(maxAge, cooldownMs), MAX_AGE_MS)
      take(keys)
    } catch (error) {
      next = Math.min(MIN_RETRY_MS * 2 ** failures++, MAX_RETRY_MS, cooldownMs)
      notBefore = begun + next
      if (!closing.signal.aborted) {
        log.warn({ err: error }, 'simplejwt: the public keys of the issuer could not be fetched')
      }
    }
    if (!closing.signal.aborted) timer = setTimeout(refresh, next).unref()
  }

  function take (keys: PairKey[]): void {
    const names = JSON.stringify(
      keys.map(({ kid, algorithm, publicKey }) => [kid, algorithm, thumbprint(publicKey)]))
    if (names === known) return
    ring.replace(keys)
    changed()
    known = names
  }

  const unavailable = () =>
    keysUnavailable(Math.max(1, Math.ceil((notBefore - performance.now()) / 1000)))

  function missing (alg: string, kid: string | undefined): Promise<void> | undefined {
    if (ring.knows(alg, kid) || !isPublished(alg)) return undefined
    if (fetching === undefined && performance.now() < notBefore) {
      return failures === 0 ? undefined : Promise.reject(unavailable())
    }
    return waiting < MAX_WAITING ? waitFor(alg, kid) : Promise.reject(unavailable())
  }

  async function waitFor (alg: string, kid: string | undefined): Promise<void> {
    waiting++
    await refresh()
    waiting--
    // Without the issuer's keys the token may be good, so this is a 503 and not a 401.
    if (failures > 0 && !ring.knows(alg, kid)) throw unavailable()
  }

  return {
    ring: { ...ring, missing },
    start: refresh,
    stop: () => {
      closing.abort()
      clearTimeout(timer)
    }
  }
}
