import type { SessionStore } from '../stores/store.ts'

/** The sessions that ended lately, so that their access tokens can be refused without asking the store. */
export interface Revocations {
  /** Notes that a session has ended. The process itself refuses its access tokens from here on. */
  add(sid: string, revokedAt: number): void
  has(sid: string): boolean
  /** Reads what ended before this process started and, if others share the store, goes on reading. */
  start(): Promise<void>
  stop(): void
  /** Forgets the sessions whose last access token has expired. */
  prune(): void
}

/** Options of the list. Times in milliseconds. */
export interface RevocationOptions {
  store: SessionStore
  interval: number
  /** How long an access token outlives the end of its session: its lifetime and the leeway. */
  accessTokenLifetime: number
  now: () => number
}

/** How far the clocks of two processes may be apart. */
const OVERLAP = 10_000

export function createRevocations ({ store, interval, accessTokenLifetime, now }: RevocationOptions): Revocations {
  const endedAt = new Map<string, number>()
  let timer: NodeJS.Timeout | undefined
  let stopped = false
  let readUntil = now() - accessTokenLifetime

  const add = (sid: string, revokedAt: number): void => { endedAt.set(sid, revokedAt) }

  async function read (): Promise<void> {
    const startedAt = now()
    for (const { sid, revokedAt } of await store.revokedSince(readUntil - OVERLAP)) add(sid, revokedAt)
    readUntil = startedAt
  }

  // Asked for at 0.8 of the interval, so that the interval is a bound with the time of the call in it.
  function readLater (): void {
    if (stopped) return
    timer = setTimeout(() => { read().catch(() => {}).finally(readLater) }, interval * 0.8)
    timer.unref()
  }

  return {
    add,
    has: sid => endedAt.has(sid),
    async start () {
      await read()
      if (store.shared) readLater()
    },
    stop () {
      stopped = true
      clearTimeout(timer)
    },
    prune () {
      const before = now() - accessTokenLifetime - OVERLAP
      for (const [sid, revokedAt] of endedAt) if (revokedAt < before) endedAt.delete(sid)
    }
  }
}
