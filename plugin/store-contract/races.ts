import assert from 'node:assert/strict'
import type { RotationResult, SessionStore } from '../stores/store.ts'
import { type ContractCase, NOW, REUSE_INTERVAL, presentation, session } from './case.ts'

const count = (results: RotationResult[], outcome: RotationResult['outcome']): number =>
  results.filter(result => result.outcome === outcome).length

/** Presents one token many times at once, each call with a separate successor. */
const race = (
  store: SessionStore, times: number, reuseInterval = REUSE_INTERVAL
): Promise<RotationResult[]> =>
  Promise.all(
    Array.from({ length: times }, (_, index) =>
      store.rotate(presentation('t0', `next${index}`, NOW, { reuseInterval }))
    )
  )

async function oneSuccessor (store: SessionStore, times: number): Promise<void> {
  await store.create(session())
  const results = await race(store, times)
  assert.equal(count(results, 'rotated'), 1)
  assert.equal(count(results, 'replayed'), times - 1)
  assert.equal(
    new Set(results.map(result => result.session?.jti)).size,
    1,
    'all callers get one successor'
  )
}

/** Cases of simultaneous presentations of one refresh token. */
export const races: ContractCase[] = [
  {
    name: 'rotate: gives 50 simultaneous presentations one successor',
    run: store => oneSuccessor(store, 50)
  },
  {
    name: 'rotate: gives 1000 simultaneous presentations one successor',
    run: store => oneSuccessor(store, 1000)
  },
  {
    name: 'rotate: rotates once of 50 simultaneous presentations with a reuse interval of 0',
    async run (store) {
      await store.create(session())
      const results = await race(store, 50, 0)
      assert.equal(count(results, 'rotated'), 1)
      assert.equal(count(results, 'reused'), 1)
      assert.equal(count(results, 'ended'), 48)
    }
  }
]
