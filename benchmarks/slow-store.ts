import type { Counters, SessionStore } from '../plugin/stores/store.ts'

/** A busy store: the time that a call takes there, and the calls that it runs at a time. */
export interface Busy { ms: number, atOnce: number }

/** A store that can be made slow. Its calls then go through one queue, in their order. */
export interface SlowStore {
  store: SessionStore
  /** Makes it slow, or fast again without an argument. */
  slow(busy?: Busy): void
}

type Call = () => void

/**
 * Wraps a store so that it behaves as a database under load: a pool of connections, each of which
 * is taken for some milliseconds by a call. Calls over the pool wait, whoever made them.
 */
export function slowStore (store: SessionStore): SlowStore {
  let busy: Busy | undefined
  let running = 0
  const waiting: Call[] = []

  function next (): void {
    running--
    waiting.shift()?.()
  }

  function queued<Result> (call: () => Promise<Result>): Promise<Result> {
    if (busy === undefined) return call()
    const { ms, atOnce } = busy
    return new Promise((resolve, reject) => {
      const start = (): void => {
        running++
        setTimeout(() => {
          next()
          call().then(resolve, reject)
        }, ms)
      }
      if (running < atOnce) start()
      else waiting.push(start)
    })
  }

  const counters: Counters | undefined = store.counters && {
    increment: (requests, length, now) =>
      queued(() => (store.counters as Counters).increment(requests, length, now))
  }

  return {
    slow (wanted) { busy = wanted },
    store: {
      ...store,
      ...counters && { counters },
      create: session => queued(() => store.create(session)),
      adopt: session => queued(() => store.adopt(session)),
      find: sid => queued(() => store.find(sid)),
      rotate: rotation => queued(() => store.rotate(rotation)),
      revoke: (sid, now, deadline) => queued(() => store.revoke(sid, now, deadline)),
      revokeUser: (userId, now, except, deadline) =>
        queued(() => store.revokeUser(userId, now, except, deadline)),
      list: (userId, now) => queued(() => store.list(userId, now))
    }
  }
}
