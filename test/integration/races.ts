import type { AddressInfo } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import t from 'tap'
import { memoryStore } from '../../plugin/stores/memory.ts'
import type { SessionStore } from '../../plugin/stores/store.ts'
import { buildApp } from '../fixtures/app.ts'
import { postAtOnce } from '../fixtures/clients/last-byte.ts'
import { nonAtomicStore } from '../fixtures/naive/stores.ts'

/** A store as far away as a database is: each call takes a while to get there. */
function distantStore (): SessionStore {
  const store = memoryStore()
  return { ...store, rotate: async rotation => { await delay(1); return store.rotate(rotation) } }
}

/**
 * Presents one refresh token so many times at once: the statuses, and the refresh tokens that came
 * of it.
 */
async function present (
  store: SessionStore, times: number, reuseInterval: number
): Promise<{ statuses: Set<number>, accepted: number, successors: Set<unknown> }> {
  const closes: (() => unknown)[] = []
  const { app, login } = await buildApp(
    {
      after: close => {
        closes.push(close)
      }
    },
    { store, reuseInterval }
  )
  try {
    await app.listen({ host: '127.0.0.1', port: 0, backlog: 2048 })
    const { refresh } = await login()
    const answers = await postAtOnce(
      (app.server.address() as AddressInfo).port, '/api/token/refresh/', { refresh }, times
    )
    const accepted = answers.filter(answer => answer.status === 200)
    return {
      statuses: new Set(answers.map(answer => answer.status)),
      accepted: accepted.length,
      successors: new Set(accepted.map(answer => answer.body.refresh))
    }
  } finally {
    for (const close of closes) await close()
  }
}

t.test('1000 simultaneous presentations of a refresh token get the one successor', async t => {
  const { statuses, accepted, successors } = await present(distantStore(), 1000, 10)
  t.strictSame(statuses, new Set([200]))
  t.equal(accepted, 1000)
  t.equal(successors.size, 1)
})

t.test('with a reuse interval of 0 one of 1000 gets a successor, and 999 are refused', async t => {
  const { statuses, accepted } = await present(distantStore(), 1000, 0)
  t.strictSame(statuses, new Set([200, 401]))
  t.equal(accepted, 1)
})

t.test('50 simultaneous presentations get the one successor in each of 20 rounds', async t => {
  for (let round = 0; round < 20; round++) {
    const { statuses, successors } = await present(distantStore(), 50, 10)
    t.strictSame(statuses, new Set([200]))
    t.equal(successors.size, 1)
  }
})

t.test('control: a store that reads before it writes makes several successors', async t => {
  const { successors } = await present(nonAtomicStore(5), 1000, 10)
  t.ok(successors.size > 1, `${successors.size} successors`)
})
