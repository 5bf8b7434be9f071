import type { AddressInfo } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import t from 'tap'
import { openStore } from '../../example/store.ts'
import { buildApp } from '../fixtures/app.ts'
import { startDemo } from '../fixtures/servers/demo.ts'
import { nonAtomicStore } from '../fixtures/naive/stores.ts'
import { rounds } from '../fixtures/load/rounds.ts'
import { sharedStores } from '../fixtures/servers/store-urls.ts'
import { openTab } from '../fixtures/clients/tabs.ts'
import { createClients } from '../fixtures/clients/token-client.ts'

/** Sessions whose tabs are open at a time. */
const GROUP = 20
const GROUPS = rounds(1, 10)
const TABS = 10
const GENERATIONS = rounds(4, 20)

/** Answers, and refresh tokens that had more than one successor. */
interface Result { refreshes: number, logouts: number, others: number[], forks: number }

/**
 * Refreshes each session in all of its tabs in the same instant, half of them at each server; then
 * its successor, and so on.
 */
async function refreshInTabs (
  ports: number[], tokens: string[], generations: number
): Promise<Result> {
  const result: Result = { refreshes: 0, logouts: 0, others: [], forks: 0 }
  const windows = await Promise.all(
    tokens.map(() =>
      Promise.all(
        Array.from({ length: TABS }, (_, index) => openTab(ports[index % ports.length] as number))
      )
    )
  )

  let current = tokens
  for (let generation = 0; generation < generations; generation++) {
    const held = windows.map((tabs, index) =>
      tabs.map(tab => tab.hold('/api/token/refresh/', { refresh: current[index] }))
    )
    await delay(20)
    const answers = await Promise.all(
      held.map(releases => Promise.all(releases.map(release => release())))
    )
    current = answers.map((ofSession, index) => {
      const accepted = ofSession.filter(({ status }) => status === 200)
      const successors = new Set(accepted.map(({ body }) => body.refresh as string))
      result.refreshes += accepted.length
      result.logouts += ofSession.filter(({ status }) => status === 401).length
      result.others.push(
        ...ofSession.map(({ status }) => status).filter(status => status !== 200 && status !== 401)
      )
      if (successors.size > 1) result.forks++
      return [...successors][0] ?? current[index] as string
    })
  }
  for (const tab of windows.flat()) tab.close()
  return result
}

const portOf = (url: string): number => Number(new URL(url).port)

for (const { name, skip, start } of sharedStores) {
  t.test(`${name}: ten tabs that refresh at once all get the one successor`, { skip }, async t => {
    const storeUrl = await start(t)
    const env = {
      STORE_URL: storeUrl,
      JWT_SECRET: 'a secret that both processes know',
      RATE_LIMIT: 'off',
      LOG_LEVEL: 'info'
    }
    const [one, other] = await Promise.all([startDemo(t, env), startDemo(t, env)])
    const total = { refreshes: 0, logouts: 0, others: [] as number[], forks: 0 }
    for (let group = 0; group < GROUPS; group++) {
      const clients = await createClients(one.url, GROUP)
      const { refreshes, logouts, others, forks } = await refreshInTabs(
        [portOf(one.url), portOf(other.url)], clients.map(({ pair }) => pair.refresh), GENERATIONS
      )
      total.refreshes += refreshes
      total.logouts += logouts
      total.others.push(...others)
      total.forks += forks
    }
    t.comment(
      `${GROUPS * GROUP} sessions, ${TABS} tabs each, ${GENERATIONS} generations, two servers: ` +
        JSON.stringify(total)
    )
    t.same(total, {
      refreshes: GROUPS * GROUP * TABS * GENERATIONS,
      logouts: 0,
      others: [],
      forks: 0
    })

    const { store, disconnect } = await openStore(storeUrl)
    t.equal(
      (await store.list('1', Date.now())).length, GROUPS * GROUP, 'as many lineages as sessions'
    )
    await disconnect()
  })
}

t.test('control: a store that reads before it writes makes forks', async t => {
  const store = nonAtomicStore(5)
  const apps = await Promise.all([1, 2].map(() => buildApp(t, { store, now: Date.now })))
  await Promise.all(apps.map(({ app }) => app.listen({ host: '127.0.0.1', port: 0 })))
  const pairs = await Promise.all(
    Array.from({ length: GROUP }, () => (apps[0] as (typeof apps)[0]).login())
  )
  const { forks } = await refreshInTabs(
    apps.map(({ app }) => (app.server.address() as AddressInfo).port),
    pairs.map(({ refresh }) => refresh),
    2
  )
  t.ok(forks > 0, `${forks} forks`)
})
