import { setTimeout as delay } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { type Demo, startDemo } from '../fixtures/servers/demo.ts'
import { type Tally, keepRotating } from '../fixtures/load/rotating.ts'
import { rounds } from '../fixtures/load/rounds.ts'
import { freePort } from '../fixtures/servers/server-process.ts'
import { countStandings } from '../fixtures/load/standing.ts'
import { sharedStores } from '../fixtures/servers/store-urls.ts'
import { ask } from '../fixtures/clients/timed-request.ts'
import { type TokenClient, createClients } from '../fixtures/clients/token-client.ts'

const KILLS = rounds(2, 20)
const ROTATIONS = rounds(600, 10_000)
const CLIENTS = rounds(20, 100)

interface Lost { answers: number, pairs: number, sessions: number }

/**
 * Kills a demo again and again while clients refresh, and starts it on the same port. In between it
 * looks at the store.
 */
async function killAgainAndAgain (
  t: Test,
  storeUrl: string,
  kills = KILLS
): Promise<{ url: string, clients: TokenClient[], tally: Tally, lost: Lost }> {
  const env = {
    PORT: `${await freePort()}`,
    STORE_URL: storeUrl,
    JWT_SECRET: 'a secret that outlives the process',
    RATE_LIMIT: 'off',
    REUSE_INTERVAL: '30s',
    LOG_LEVEL: 'info'
  }
  let demo: Demo = await startDemo(t, env)
  const { url } = demo
  const clients = await createClients(url, CLIENTS)
  const lost = { answers: 0, pairs: 0, sessions: 0 }

  const tally = await keepRotating(clients, ROTATIONS * kills / KILLS, kills, async pause => {
    await demo.stop('SIGKILL')
    const goOn = await pause()
    if (storeUrl !== 'memory:') {
      const standings = await countStandings(storeUrl, clients)
      lost.answers += standings['answer lost']
      lost.pairs += standings['pair lost']
      lost.sessions += standings.ended
    }
    goOn()
    await delay(20) // so that clients find nobody there
    demo = await startDemo(t, env)
  })
  t.comment(
    `${kills} kills during ${tally.rotated} rotations of ${CLIENTS} clients: ` +
      JSON.stringify({ lost, ...tally })
  )
  return { url, clients, tally, lost }
}

for (const { name, skip, start } of sharedStores) {
  t.test(`${name}: a killed server loses no pair, session or spent token`, { skip }, async t => {
    const { url, clients, tally, lost } = await killAgainAndAgain(t, await start(t))
    t.equal(lost.pairs, 0, 'every pair that was answered is stored')
    t.equal(lost.sessions, 0)
    t.equal(tally['locked out'], 0)
    t.same(tally.others, [])
    t.same(
      new Set(await Promise.all(clients.map(async client => (await client.refresh()).status))),
      new Set([200]),
      'every client goes on'
    )

    for (const [index, client] of clients.entries()) {
      const { refresh } = client.spent.at(-2 - index % 10) as TokenClient['spent'][number]
      const statuses = [
        await ask(url, { path: '/api/token/refresh/', body: { refresh } }), await client.refresh()
      ].map(({ status }) => status)
      t.same(
        statuses,
        [401, 401],
        `a token spent ${2 + (index % 10)} refreshes ago is refused and revokes its session`
      )
    }
  })
}

t.test('control: a store that forgets locks every client out', async t => {
  const { clients, tally } = await killAgainAndAgain(t, 'memory:', 1)
  t.equal(tally['locked out'], clients.length, `${tally['locked out']} lockouts`)
  t.same(tally.others, [])
})
