import { storeUnavailable } from '../errors.ts'
import type { SessionStore } from './store.ts'

/** Milliseconds that a call to the store may take. */
const PATIENCE = 1000

/**
 * A store that answers within a second or fails as a 503, whatever is wrong with the one behind it. Its `rotate` carries
 * the same second as a deadline, so that a call which is late does not change anything after the client was told 503.
 */
export function boundedStore (store: SessionStore, onFailure: (verb: string, cause: unknown) => void, patience = PATIENCE): SessionStore {
  function bounded<T> (verb: string, call: () => Promise<T>): Promise<T> {
    let timer: NodeJS.Timeout | undefined
    const timeout = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(() => reject(new Error(`The store did not answer within ${patience} ms.`)), patience)
    })
    const failed = (cause: unknown): never => {
      onFailure(verb, cause)
      throw storeUnavailable()
    }
    return Promise.race([Promise.resolve().then(call), timeout]).finally(() => clearTimeout(timer)).catch(failed)
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
    sweep: before => bounded('sweep', () => store.sweep(before))
  }
}
