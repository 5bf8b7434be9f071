import { setTimeout as delay } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { type Demo, startDemo } from '../fixtures/servers/demo.ts'
import { postAndHangUp } from '../fixtures/clients/dropped-request.ts'
import { rounds } from '../fixtures/load/rounds.ts'
import { type SharedStore, sharedStores } from '../fixtures/servers/store-urls.ts'
import { createClients } from '../fixtures/clients/token-client.ts'

const CLIENTS = rounds(15, 100)
const TIMES = 10

/**
 * What the clients saw, and what the server says that it did. `lost` of its replies were to
 * requests that it had done.
 */
interface Result {
  recovered: number
  'locked out': number
  others: number[]
  successors: number
  lost: number
}

const count = ({ log }: Demo, ...types: string[]): number =>
  log.filter(line => types.some(type => line.includes(`"simplejwt ${type}"`))).length

/**
 * Waits until so many presentations are done, for two seconds at most. One that came two
 * generations late would be reuse.
 */
async function settle (demo: Demo, presentations: number): Promise<void> {
  const deadline = Date.now() + 2000
  while (
    count(demo, 'refreshed', 'replayed', 'reuse_detected') < presentations &&
    Date.now() < deadline
  ) {
    await delay(10)
  }
}

/**
 * Refreshes and hangs up before the reply, again and again. Each time the client tries again with
 * the token that it has.
 */
async function loseReplies (
  t: Test, storeUrl: string, reuseInterval: string, times: number
): Promise<Result> {
  const demo = await startDemo(t, {
    STORE_URL: storeUrl,
    RATE_LIMIT: 'off',
    REUSE_INTERVAL: reuseInterval,
    LOG_LEVEL: 'info'
  })
  const { url } = demo
  const clients = await createClients(url, CLIENTS)
  const result: Result = { recovered: 0, 'locked out': 0, others: [], successors: 0, lost: 0 }

  for (let time = 0; time < times; time++) {
    await Promise.all(clients.map(async (client, index) => {
      await postAndHangUp(
        url, '/api/token/refresh/', { refresh: client.pair.refresh }, (index + time) % 4
      )
      const { status } = await client.refresh()
      if (status === 200) result.recovered++
      else if (status === 401) result['locked out']++
      else result.others.push(status)
    }))
    await settle(demo, 2 * CLIENTS * (time + 1))
  }

  result.successors = count(demo, 'refreshed')
  result.lost = count(demo, 'refreshed', 'replayed', 'reuse_detected') - CLIENTS * times
  t.comment(`${CLIENTS * times} replies lost of ${CLIENTS} clients: ${JSON.stringify(result)}`)
  return result
}

const memory: SharedStore = { name: 'memory', skip: false, start: async () => 'memory:' }

for (const { name, skip, start } of [memory, ...sharedStores]) {
  t.test(`${name}: a retry after a lost reply gets the one successor`, { skip }, async t => {
    const { recovered, others, successors, lost } = await loseReplies(
      t, await start(t), '10s', TIMES
    )
    t.equal(recovered, CLIENTS * TIMES)
    t.same(others, [])
    t.equal(successors, CLIENTS * TIMES, 'one for each token')
    t.ok(lost > CLIENTS, `${lost} of the requests whose clients hung up were done all the same`)
  })
}

t.test('control: a reuse interval of 0 locks clients out', async t => {
  const result = await loseReplies(t, 'memory:', '0', 1)
  t.ok(result['locked out'] > 0, `${result['locked out']} lockouts`)
  t.same(result.others, [])
})
