import assert from 'node:assert/strict'
import type { SessionStore } from '../stores/store.ts'
import { type ContractCase, NOW, SECOND } from './case.ts'

const LENGTH = 60 * SECOND

type Increment = (key: string, now: number, count?: number) => Promise<{ current: number, ttl: number }>

/** A fact about stores that count by a verb of their own. Redis counts by @fastify/rate-limit, and a store may not count at all. */
const fact = (name: string, run: (increment: Increment, store: SessionStore) => Promise<void>): ContractCase => ({
  name: `increment: ${name}`,
  async run (store) {
    const { counters } = store
    if (counters !== undefined && 'increment' in counters) await run((key, now, count = 1) => counters.increment(key, count, LENGTH, now), store)
  }
})

/** How requests are counted. */
export const counting: ContractCase[] = [
  fact('counts each key by itself, and from one again when its window is over', async increment => {
    assert.deepEqual(await increment('a', NOW), { current: 1, ttl: LENGTH })
    assert.deepEqual(await increment('a', NOW + SECOND), { current: 2, ttl: LENGTH - SECOND })
    assert.deepEqual(await increment('b', NOW + SECOND), { current: 1, ttl: LENGTH })
    assert.deepEqual(await increment('a', NOW + LENGTH - 1, 10), { current: 12, ttl: 1 })
    assert.deepEqual(await increment('a', NOW + LENGTH, 2), { current: 2, ttl: LENGTH })
  }),

  fact('of 200 at once each is counted', async increment => {
    const counted = await Promise.all(Array.from({ length: 200 }, () => increment('a', NOW)))
    assert.deepEqual(counted.map(({ current }) => current).sort((a, b) => a - b), Array.from({ length: 200 }, (_, index) => index + 1))
  }),

  fact('a clock that was far ahead makes nobody wait for it', async increment => {
    await increment('a', NOW + 100 * LENGTH)
    assert.deepEqual(await increment('a', NOW), { current: 1, ttl: LENGTH })
  }),

  fact('a sweep leaves the windows that are open', async (increment, store) => {
    await increment('a', NOW)
    await store.sweep(NOW + LENGTH)
    assert.deepEqual(await increment('a', NOW), { current: 2, ttl: LENGTH })
    await store.sweep(NOW + LENGTH + 1)
    assert.deepEqual(await increment('a', NOW), { current: 1, ttl: LENGTH })
  })
]
