import { inSlices } from '../stores/in-slices.ts'
import type { Session } from '../stores/session.ts'
import { shardOfId, shardedMap } from '../stores/sharded-map.ts'
import type { Revocation, SessionStore } from '../stores/store.ts'
import { withTimeout } from '../timeout.ts'
import { type Clocks, SYSTEM_CLOCKS } from './clock-jump.ts'
import { createEndedSessions } from './ended-sessions.ts'

/** The recently revoked sessions. The guard checks this list instead of the store. */
export interface Revocations {
  /**
   * Adds a revoked session, also to the other lists of `sharedBy`. They refuse its access tokens
   * from now on. Times in milliseconds; without `accessExpiresAt` its access tokens live as long as
   * ours.
   */
  add(sid: string, revokedAt: number, accessExpiresAt?: number): void
  /**
   * Returns whether a session is on the list. Returns a promise only if the list is too old, and
   * the store must be read first.
   */
  has(sid: string): boolean | Promise<boolean>
  /** Loads the revocations in the store. Then polls a store that is shared. */
  start(): Promise<void>
  stop(): void
  /** Removes the sessions whose last access token has expired, a slice in each turn. */
  prune(): void
}

/** Options of the list. Times in milliseconds. */
export interface RevocationOptions {
  store: SessionStore
  interval: number
  accessTokenLifetime: number
  leeway: number
  now: () => number
  /** Lists of one object share what this process revokes. Default: the list is alone. */
  sharedBy?: object
  /** Called once for each session that is revoked after `start`. */
  onEnded?: ((sid: string) => void) | undefined
  /** For tests. Default: the clocks of the system. */
  clocks?: Clocks
}

/** Tolerated difference between the clocks of two processes. */
const CLOCK_OVERLAP_MS = 10_000
/** Timeout of a request for a list that is too old. It then uses the list that it has. */
const READ_TIMEOUT_MS = 750
/** With `onEnded` all revocations are read this often, to forget those that the store forgot. */
const READ_ALL_MS = 3_600_000

/** The lists on one object: each function adds a session to one list. */
const listsOf = new WeakMap<object, Set<Revocations['add']>>()

export function createRevocations (options: RevocationOptions): Revocations {
  const { store, interval, accessTokenLifetime, leeway, now, clocks = SYSTEM_CLOCKS } = options
  /** By sid: the monotonic time until which its access tokens may be good. */
  const keepUntil = shardedMap<number>(shardOfId)
  let timer: NodeJS.Timeout | undefined
  let stopped = false
  let readUntil = 0
  let hasFailed = false
  /** The start of the last successful read. Undefined while the store is not polled. */
  let readAt: { wall: number, monotonic: number } | undefined
  let reading: { result: Promise<void>, since: number } | undefined
  let readAllAt = -Infinity
  let pruning: Promise<void> | undefined
  const isStopped = (): boolean => stopped
  const ended = options.onEnded && createEndedSessions(options.onEnded)

  // A wall clock that jumps ahead must not empty the list, so each entry lives by the monotonic
  // one: at least for our own lifetime, and longer if another server's tokens live longer.
  function keep (sid: string, revokedAt: number, accessExpiresAt = revokedAt): void {
    const left = Math.max(accessExpiresAt - now(), accessTokenLifetime)
    const until = clocks.monotonic() + left + leeway + CLOCK_OVERLAP_MS
    keepUntil.set(sid, Math.max(keepUntil.get(sid) ?? 0, until))
  }

  function addHere (...revocation: Parameters<typeof keep>): void {
    keep(...revocation)
    ended?.notice(revocation[0])
  }
  const lists = listsOf.get(options.sharedBy ?? {}) ?? new Set()
  if (options.sharedBy !== undefined) listsOf.set(options.sharedBy, lists)
  lists.add(addHere)

  async function readNow (): Promise<void> {
    const begun = { wall: clocks.wall(), monotonic: clocks.monotonic() }
    const startedAt = now()
    try {
      // A clock that was set back was ahead of the others, so earlier reads may have missed some.
      const since = startedAt < readUntil || isDueForAll() ? 0 : readUntil
      const revoked = await store.revokedSince(since - CLOCK_OVERLAP_MS)
      await inSlices(revoked, ({ sid, revokedAt, accessExpiresAt }) => {
        keep(sid, revokedAt, accessExpiresAt)
      }, isStopped)
      await noticeEnded(revoked, since === 0)
    } catch (error) {
      hasFailed = true
      throw error
    }
    hasFailed = false
    readUntil = startedAt
    if (store.shared && !stopped) readAt = begun
  }

  const isDueForAll = (): boolean =>
    ended !== undefined && clocks.monotonic() - readAllAt > READ_ALL_MS

  async function noticeEnded (revoked: Revocation[], areAll: boolean): Promise<void> {
    if (!areAll) return inSlices(revoked, ({ sid }) => ended?.notice(sid), isStopped)
    readAllAt = clocks.monotonic()
    await ended?.takeAll(revoked, keepUntil, isStopped)
  }

  /** Joins a read that runs, except one from before a freeze of the process. */
  function read (): Promise<void> {
    const since = clocks.monotonic()
    if (reading === undefined || since - reading.since > interval) {
      const mine = {
        since,
        result: readNow().finally(() => { if (reading === mine) reading = undefined })
      }
      reading = mine
    }
    return reading.result
  }

  // A query takes time. Polling at 0.8 x interval delivers revocations within `interval`.
  function readLater (): void {
    if (stopped) return
    timer = setTimeout(() => { read().catch(() => {}).finally(readLater) }, interval * 0.8)
    timer.unref()
  }

  /** A frozen or suspended process misses its polls. One of the two clocks shows it. */
  const isTooOld = (): boolean =>
    readAt !== undefined && !hasFailed && (
      clocks.monotonic() - readAt.monotonic > interval || clocks.wall() - readAt.wall > interval
    )

  // A read from before a freeze may answer first. The second one began after the request.
  async function readUpToNow (): Promise<void> {
    await read()
    if (isTooOld()) await read()
  }

  async function hasAfterRead (sid: string): Promise<boolean> {
    await withTimeout(readUpToNow(), READ_TIMEOUT_MS, 'The store')
      .catch(() => { hasFailed = true })
    return keepUntil.has(sid)
  }

  return {
    add (...revocation) { for (const addTo of lists) addTo(...revocation) },
    has: sid => {
      if (keepUntil.has(sid)) return true
      return isTooOld() ? hasAfterRead(sid) : false
    },
    async start () {
      await read()
      if (store.shared) readLater()
    },
    stop () {
      stopped = true
      lists.delete(addHere)
      readAt = undefined
      clearTimeout(timer)
    },
    prune () {
      const at = clocks.monotonic()
      // The next prune removes the sessions that expire while this one runs.
      pruning ??= inSlices(keepUntil.entries(), ([sid, until]) => {
        if (until < at) keepUntil.delete(sid)
      }, isStopped)?.finally(() => { pruning = undefined })
      if (!store.shared && isDueForAll()) read().catch(() => {})
    }
  }
}

/**
 * Returns whether the session of an access token is revoked. A token without `sid` belongs to no
 * session. Returns a promise only if the store must be read.
 */
export type IsRevoked = (token: { readonly sid?: string | undefined }) => boolean | Promise<boolean>

/** Builds the check for the option `revocation`. */
export function createIsRevoked (
  revocation: 'list' | 'store' | 'off',
  list: Pick<Revocations, 'has'>,
  sessions: { find(sid: string): Promise<Session | null> }
): IsRevoked {
  if (revocation === 'off') return () => false
  if (revocation === 'list') return ({ sid }) => sid !== undefined && list.has(sid)
  const isRevokedInStore = async (sid: string): Promise<boolean> => {
    const session = await sessions.find(sid)
    return session === null || session.revokedAt !== null
  }
  return ({ sid }) => sid !== undefined && isRevokedInStore(sid)
}
