import { counting } from './store-contract/counters.ts'
import { grants } from './store-contract/grants.ts'
import { ending } from './store-contract/revocation.ts'
import { keeping } from './store-contract/storage.ts'
import { otherProcess, shared } from './store-contract/processes.ts'
import { races } from './store-contract/races.ts'
import { replays } from './store-contract/replays.ts'
import { rotation } from './store-contract/rotation.ts'
import type { SessionStore } from './stores/store.ts'

export type { ContractCase } from './store-contract/case.ts'
export type { SharedCase } from './store-contract/processes.ts'

/** The parts of a test runner and of a store that the contract uses. */
export interface StoreContract {
  /**
   * Returns a fresh, empty store. `name` is unique (letters, digits and underscores): use it for a
   * file, a table or a prefix. The contract closes the store after the test.
   */
  open(name: string): SessionStore | Promise<SessionStore>
  /** Registers one test, such as `test` of node:test, tap, vitest or jest. */
  test(name: string, run: () => Promise<void>): unknown
  /**
   * For a store that processes share: a module whose default export opens the store of a name.
   * Another process imports it. Without it the contract skips the cases with two processes.
   */
  module?: string | URL
}

/** All cases with one process, for other kinds of test runners. */
export const cases = [
  ...keeping, ...rotation, ...replays, ...races, ...ending, ...grants, ...counting
]

/** All cases with two processes that share a store. */
export const sharedCases = shared

/**
 * The suite that every store must pass: races, replays, deadlines, revocation, sweeping, grants
 * of OAuth clients and two processes. No case waits for time to pass.
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
