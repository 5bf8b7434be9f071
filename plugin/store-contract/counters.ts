import assert from 'node:assert/strict'
import type { Counter, SessionStore } from '../stores/store.ts'
import { type ContractCase, NOW, SECOND } from './case.ts'

const WINDOW_MS = 60 * SECOND

const ascending = (a = 0, b = 0): number => a - b

type Increment = (
  requests: Record<string, number>, now: number, length?: number
) => Promise<Record<string, Counter>>

/** Builds a case for stores with counters. It passes for other stores. */
const fact = (
  name: string, run: (increment: Increment, store: SessionStore) => Promise<void>
): ContractCase => ({
  name: `increment: ${name}`,
  async run (store) {
    const { counters } = store
    if (counters !== undefined) {
      await run(
        async (requests, now, length = WINDOW_MS) =>
          Object.fromEntries(
            await counters.increment(new Map(Object.entries(requests)), length, now)
          ),
        store
      )
    }
  }
})

/** Cases of the shared counters. */
export const counting: ContractCase[] = [
  fact('counts each key separately, and starts again after its window', async increment => {
    assert.deepEqual(await increment({ a: 1 }, NOW), { a: { current: 1, ttl: WINDOW_MS } })
    assert.deepEqual(await increment({ b: 1, a: 1 }, NOW + SECOND), {
      a: { current: 2, ttl: WINDOW_MS - SECOND },
      b: { current: 1, ttl: WINDOW_MS }
    })
    assert.deepEqual(await increment({ a: 10 }, NOW + WINDOW_MS - 1), {
      a: { current: 12, ttl: 1 }
    })
    assert.deepEqual(await increment({ a: 2, b: 5 }, NOW + WINDOW_MS), {
      a: { current: 2, ttl: WINDOW_MS },
      b: { current: 6, ttl: SECOND }
    })
  }),

  fact('reads a key with a count of 0 and leaves no trace', async increment => {
    assert.deepEqual(await increment({ a: 0 }, NOW), { a: { current: 0, ttl: 0 } })
    assert.deepEqual(await increment({ a: 1, b: 0 }, NOW + SECOND), {
      a: { current: 1, ttl: WINDOW_MS },
      b: { current: 0, ttl: 0 }
    })
    assert.deepEqual(await increment({ a: 0, b: 2 }, NOW + 2 * SECOND), {
      a: { current: 1, ttl: WINDOW_MS - SECOND },
      b: { current: 2, ttl: WINDOW_MS }
    })
    assert.deepEqual(await increment({ a: 0, b: 0 }, NOW + WINDOW_MS + SECOND), {
      a: { current: 0, ttl: 0 },
      b: { current: 2, ttl: SECOND }
    })
  }),

  fact(
    'keeps the end of an open window when a request has a shorter or longer one',
    async increment => {
      await increment({ a: 1, b: 1 }, NOW, 30 * WINDOW_MS)
      assert.deepEqual(await increment({ a: 1 }, NOW + SECOND), {
        a: { current: 2, ttl: 30 * WINDOW_MS - SECOND }
      })
      assert.deepEqual(await increment({ b: 1 }, NOW + SECOND, 60 * WINDOW_MS), {
        b: { current: 2, ttl: 30 * WINDOW_MS - SECOND }
      })
    }
  ),

  fact('counts each of 200 simultaneous requests', async increment => {
    const counted = await Promise.all(Array.from({ length: 200 }, () => increment({ a: 1 }, NOW)))
    assert.deepEqual(
      counted.map(({ a }) => a?.current).sort(ascending),
      Array.from({ length: 200 }, (_, index) => index + 1)
    )
  }),

  fact(
    'does not deadlock on simultaneous requests for many keys',
    async increment => {
      const keys = Array.from({ length: 100 }, (_, index) => `key ${index}`)
      const requests = Object.fromEntries(keys.map(key => [key, 1]))
      const backwards = Object.fromEntries(keys.toReversed().map(key => [key, 1]))
      const counted = await Promise.all(
        Array.from({ length: 20 }, (_, index) =>
          increment(index % 2 === 0 ? requests : backwards, NOW)
        )
      )
      for (const key of keys) {
        assert.deepEqual(
          counted.map(each => each[key]?.current).sort(ascending),
          Array.from({ length: 20 }, (_, index) => index + 1)
        )
      }
    }
  ),

  fact('discards a window that a clock far ahead has opened', async increment => {
    await increment({ a: 1 }, NOW + 100 * WINDOW_MS)
    assert.deepEqual(await increment({ a: 1 }, NOW), { a: { current: 1, ttl: WINDOW_MS } })
  }),

  fact('a sweep keeps open windows', async (increment, store) => {
    await increment({ a: 1 }, NOW)
    await store.sweep(NOW + WINDOW_MS - SECOND)
    assert.deepEqual(await increment({ a: 1 }, NOW), { a: { current: 2, ttl: WINDOW_MS } })
  }),

  fact('gives back with a negative count, but not below 0', async increment => {
    await increment({ a: 3, b: 1 }, NOW)
    assert.deepEqual(await increment({ a: -1, b: -5 }, NOW + SECOND), {
      a: { current: 2, ttl: WINDOW_MS - SECOND },
      b: { current: 0, ttl: WINDOW_MS - SECOND }
    })
    assert.deepEqual(await increment({ a: -1, b: 1, c: 0 }, NOW + 2 * SECOND), {
      a: { current: 1, ttl: WINDOW_MS - 2 * SECOND },
      b: { current: 1, ttl: WINDOW_MS - 2 * SECOND },
      c: { current: 0, ttl: 0 }
    })
  }),

  fact('gives nothing back to an unknown key or to a window that is over', async increment => {
    await increment({ a: 1 }, NOW)
    assert.deepEqual(await increment({ a: -1, b: -1 }, NOW + WINDOW_MS), {
      a: { current: 0, ttl: 0 },
      b: { current: 0, ttl: 0 }
    })
    assert.deepEqual(await increment({ a: 1, b: 1 }, NOW + WINDOW_MS), {
      a: { current: 1, ttl: WINDOW_MS },
      b: { current: 1, ttl: WINDOW_MS }
    })
  }),

  fact('gives nothing back to a window that ends after the given length', async increment => {
    await increment({ a: 2 }, NOW)
    assert.deepEqual(await increment({ a: -1 }, NOW, WINDOW_MS - 1), {
      a: { current: 2, ttl: WINDOW_MS }
    })
    assert.deepEqual(await increment({ a: -1 }, NOW, WINDOW_MS), {
      a: { current: 1, ttl: WINDOW_MS }
    })
  }),

  fact('does not deadlock when requests count and others give back', async increment => {
    const keys = Array.from({ length: 100 }, (_, index) => `key ${index}`)
    const all = (count: number) => Object.fromEntries(keys.map(key => [key, count]))
    const given = Object.fromEntries(keys.toReversed().map(key => [key, -1]))
    await increment(all(20), NOW)
    await Promise.all(
      Array.from({ length: 20 }, (_, index) => increment(index % 2 === 0 ? all(1) : given, NOW))
    )
    const counted = Object.values(await increment(all(0), NOW))
    assert.deepEqual(new Set(counted.map(({ current }) => current)), new Set([20]))
  })
]
