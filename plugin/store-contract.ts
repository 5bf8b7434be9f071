import { counting } from './store-contract/counters.ts'
import { ending } from './store-contract/revocation.ts'
import { keeping } from './store-contract/storage.ts'
import { otherProcess, shared } from './store-contract/processes.ts'
import { races } from './store-contract/races.ts'
import { rotation } from './store-contract/rotation.ts'
import type { SessionStore } from './stores/store.ts'

export type { ContractCase } from './store-contract/case.ts'
export type { SharedCase } from './store-contract/processes.ts'

/** What the contract needs of a test runner and of a store. */
export interface StoreContract {
  /**
   * Makes a fresh, empty store. Its name (letters, digits and underscores) is not given to any
   * other: name a file, a table or a prefix by it. It is closed after the test, if it can be.
   */
  open(name: string): SessionStore | Promise<SessionStore>
  /** The runner's function for one test, such as `test` of node:test, tap, vitest or jest. */
  test(name: string, run: () => Promise<void>): unknown
  /**
   * For a store that processes share: a module whose default export, given a name, opens once more
   * the store of that name. Another process imports it. Without it the facts about two processes
   * are left out.
   */
  module?: string | URL
}

/** Every fact about one process, for a runner of another kind. */
export const cases = [...keeping, ...rotation, ...races, ...ending, ...counting]

/** Every fact about two processes that share a store. */
export const sharedCases = shared

/**
 * The suite that every store passes: races, replays, deadlines, endings, sweeping, two processes.
 * Nothing in it waits for time to pass.
 *
 * ```ts
 * import { test } from 'node:test'
 * import { storeContract } from 'fastify-simplejwt/store-contract'
 *
 * storeContract({ test, open: name => myStore(name) })
 * ```
 */
export function storeContract ({ open, test, module }: StoreContract): void {
  let count = 0

  async function withStore (
    run: (store: SessionStore, name: string) => Promise<void>
  ): Promise<void> {
    const name = `contract_${process.pid}_${count++}`
    const store = await open(name)
    try {
      await run(store, name)
    } finally {
      await store.close?.()
    }
  }

  for (const { name, run } of cases) test(name, () => withStore(run))
  if (module === undefined) return
  for (const { name, run } of sharedCases) {
    test(name, () => withStore(async (store, storeName) => {
      const other = await otherProcess(module, storeName)
      await run(store, other).finally(() => other.end())
    }))
  }
}
