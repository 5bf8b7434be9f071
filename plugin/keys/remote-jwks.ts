import type { FastifyBaseLogger } from 'fastify'
import { ALGORITHMS, isAlgorithm } from './algorithms.ts'
import { keysUnavailable } from '../errors.ts'
import type { FetchedKeys } from './fetch-jwks.ts'
import { thumbprint } from './jwk.ts'
import type { KeyRing } from './key-ring.ts'
import type { PairKey } from './key-options.ts'

/** Keeps a ring filled with the public keys of another server: the issuer. */
export interface RemoteKeys {
  /** The ring, which asks the issuer for a key that is missing: once for all who wait, and not again before some time has passed. */
  readonly ring: KeyRing
  /** Fetches for the first time, and from then on whenever what was fetched has aged. Resolves after the first, however it went. */
  start(): Promise<void>
  stop(): void
}

export interface RemoteKeysOptions {
  /** Asks the issuer. */
  fetchKeys(closing: AbortSignal): Promise<FetchedKeys>
  ring: KeyRing
  /** The ring has other keys than before. */
  changed(): void
  log: FastifyBaseLogger
  /** The least time between two fetches, in milliseconds. After a failed one it is tried again sooner. */
  cooldown?: number
}

const COOLDOWN = 10_000
/** After a fetch that failed, twice as long each time. In milliseconds. */
const FIRST_RETRY = 250
const LAST_RETRY = 2000
/** However long an issuer says. In milliseconds. */
const LONGEST_AGE = 86_400_000
/** Requests that wait for an issuer at a time. The others are told at once to try again. */
const MOST_WAITING = 2000

/** Whether an issuer could have published the key of such a token at all. */
const isPublished = (alg: string): boolean => isAlgorithm(alg) && ALGORITHMS[alg].kty !== 'oct'

export function createRemoteKeys ({ fetchKeys, ring, changed, log, cooldown = COOLDOWN }: RemoteKeysOptions): RemoteKeys {
  const closing = new AbortController()
  let known = ''
  let fetching: Promise<void> | undefined
  let timer: NodeJS.Timeout | undefined
  /** Fetches in a row that failed; and when the next may be, by performance.now(). */
  let failures = 0
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
      notBefore = begun + cooldown
      next = Math.min(Math.max(maxAge, cooldown), LONGEST_AGE)
      take(keys)
    } catch (error) {
      next = Math.min(FIRST_RETRY * 2 ** failures++, LAST_RETRY, cooldown)
      notBefore = begun + next
      if (!closing.signal.aborted) log.warn({ err: error }, 'simplejwt: the public keys of the issuer could not be fetched')
    }
    if (!closing.signal.aborted) timer = setTimeout(refresh, next).unref()
  }

  function take (keys: PairKey[]): void {
    const names = JSON.stringify(keys.map(({ kid, algorithm, publicKey }) => [kid, algorithm, thumbprint(publicKey)]))
    if (names === known) return
    ring.replace(keys)
    changed()
    known = names
  }

  const unavailable = () => keysUnavailable(Math.max(1, Math.ceil((notBefore - performance.now()) / 1000)))

  function missing (alg: string, kid: string | undefined): Promise<void> | undefined {
    if (ring.knows(alg, kid) || !isPublished(alg)) return undefined
    if (fetching === undefined && performance.now() < notBefore) return failures === 0 ? undefined : Promise.reject(unavailable())
    return waiting < MOST_WAITING ? waitFor(alg, kid) : Promise.reject(unavailable())
  }

  async function waitFor (alg: string, kid: string | undefined): Promise<void> {
    waiting++
    await refresh()
    waiting--
    // Without the issuer nobody knows whether the token is good, so it is not called bad.
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
