import { ending } from './contract/ending.ts'
import { keeping } from './contract/keeping.ts'
import { rotation } from './contract/rotation.ts'
import type { SessionStore } from './stores/store.ts'

export type { ContractCase } from './contract/case.ts'

/** What the contract needs of a test runner and of a store. */
export interface StoreContract {
  /** Makes a fresh, empty store. It is closed after the test, if it can be. */
  open(): SessionStore | Promise<SessionStore>
  /** The runner's function for one test, such as `test` of node:test, tap, vitest or jest. */
  test(name: string, run: () => Promise<void>): unknown
}

/** Every fact of the contract, for a runner of another kind. */
export const cases = [...keeping, ...rotation, ...ending]

/**
 * The suite that every store passes: races, replays, deadlines, endings, sweeping. Nothing in it sleeps.
 *
 * ```ts
 * import { test } from 'node:test'
 * import { storeContract } from 'fastify-simplejwt/store-contract'
 *
 * storeContract({ test, open: () => myStore() })
 * ```
 */
export function storeContract ({ open, test }: StoreContract): void {
  for (const { name, run } of cases) {
    test(name, async () => {
      const store = await open()
      try {
        await run(store)
      } finally {
        await store.close?.()
      }
    })
  }
}
