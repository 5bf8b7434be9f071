import { storeUnavailable } from '../errors.ts'
import type { SessionStore } from './store.ts'

/** What a call to the store may cost before it is given up. */
export interface Bounds {
  /** Milliseconds that a call may take. Default 750, which leaves a 503 within a second time for the rest of the request. */
  patience?: number
  /** Calls that may be unanswered at a time, given up or not. Default 2000. */
  most?: number
}

/** Milliseconds. Nobody waits for a sweep. */
const SWEEP_PATIENCE = 60_000

/**
 * A store that answers soon or fails as a 503, whatever is wrong with the one behind it: no call is waited for longer, and no
 * more are made while too many are unanswered. Its `rotate` carries the end of patience as a deadline, so that a call which is
 * late does not change anything after the client was told 503.
 */
export function boundedStore (store: SessionStore, onFailure: (verb: string, cause: Error) => void, { patience = 750, most = 2000 }: Bounds = {}): SessionStore {
  let unanswered = 0

  async function counted<T> (call: () => Promise<T>): Promise<T> {
    if (unanswered >= most) throw new Error(`${most} calls are waiting for the store.`)
    unanswered++
    try {
      return await call()
    } finally {
      unanswered--
    }
  }

  async function bounded<T> (verb: string, call: () => Promise<T>, within = patience): Promise<T> {
    let timer: NodeJS.Timeout | undefined
    const timeout = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(() => reject(new Error(`The store did not answer within ${within} ms.`)), within)
    })
    try {
      return await Promise.race([counted(call), timeout])
    } catch (cause) {
      onFailure(verb, cause as Error)
      throw storeUnavailable()
    } finally {
      clearTimeout(timer)
    }
  }

  return {
    shared: store.shared,
    create: session => bounded('create', () => store.create(session)),
    adopt: session => bounded('adopt', () => store.adopt(session)),
    find: sid => bounded('find', () => store.find(sid)),
    rotate: rotation => bounded('rotate', () => store.rotate({ ...rotation, deadline: Date.now() + patience })),
    revoke: (sid, now) => bounded('revoke', () => store.revoke(sid, now)),
    revokeUser: (userId, now, except) => bounded('revokeUser', () => store.revokeUser(userId, now, except)),
    list: (userId, now) => bounded('list', () => store.list(userId, now)),
    revokedSince: time => bounded('revokedSince', () => store.revokedSince(time)),
    sweep: before => bounded('sweep', () => store.sweep(before), SWEEP_PATIENCE)
  }
}
