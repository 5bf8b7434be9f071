import type { AddressInfo } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { openStore } from '../../example/store.ts'
import type { SessionStore } from '../../plugin/stores/store.ts'
import { buildApp } from '../fixtures/app.ts'
import { withoutDeadline } from '../fixtures/naive/faults.ts'
import { postgresProgram, startPostgres } from '../fixtures/servers/postgres.ts'
import { redisProgram, startRedis } from '../fixtures/servers/redis.ts'
import { rounds } from '../fixtures/load/rounds.ts'
import type { ServerProcess } from '../fixtures/servers/server-process.ts'
import { skipUnless } from '../fixtures/servers/programs.ts'
import { countStandings } from '../fixtures/load/standing.ts'
import type { TimedReply } from '../fixtures/clients/timed-request.ts'
import { createClients } from '../fixtures/clients/token-client.ts'

type Server = ServerProcess & { url: string }

const CLIENTS = rounds(20, 100)
const SECONDS = rounds(2, 10)
/**
 * Shorter than the freeze: a refresh that is done after the thaw makes the client's next one reuse.
 */
const REUSE_INTERVAL = 1

const services = [
  {
    name: 'Redis',
    skip: skipUnless(redisProgram, 'redis-server'),
    start: (t: Test): Promise<Server> => startRedis(t)
  },
  {
    name: 'PostgreSQL',
    skip: skipUnless(postgresProgram, 'postgres'),
    start: (t: Test): Promise<Server> => startPostgres(t)
  }
]

/** Counts the calls that a store has not answered. */
function counting (store: SessionStore): SessionStore & { unanswered: number, most: number } {
  const counts = { unanswered: 0, most: 0 }
  const counted =
    <Given extends unknown[], Result>(verb: (...given: Given) => Promise<Result>) =>
      (...given: Given): Promise<Result> => {
        counts.most = Math.max(counts.most, ++counts.unanswered)
        return verb(...given).finally(() => { counts.unanswered-- })
      }
  return Object.assign(counts, {
    ...store,
    find: counted(store.find),
    rotate: counted(store.rotate)
  })
}

interface Result {
  replies: { refresh: TimedReply[], hello: TimedReply[] }
  standings: Awaited<ReturnType<typeof countStandings>>
  lockedOut: number
  unanswered: number
}

/**
 * Freezes a store that nobody is asking anything, lets clients refresh and call a guarded route
 * meanwhile, and thaws it.
 */
async function freeze (
  t: Test,
  server: Server,
  change: (store: SessionStore) => SessionStore
): Promise<Result> {
  const { store, disconnect } = await openStore(server.url)
  t.after(disconnect)
  const counted = counting(change(store))
  const { app } = await buildApp(t, {
    store: counted,
    now: Date.now,
    revocation: 'store',
    reuseInterval: REUSE_INTERVAL
  })
  await app.listen({ host: '127.0.0.1', port: 0 })
  const clients = await createClients(
    `http://127.0.0.1:${(app.server.address() as AddressInfo).port}`, CLIENTS
  )
  await Promise.all(clients.map(client => client.refresh()))

  await server.freeze()
  const replies: Result['replies'] = { refresh: [], hello: [] }
  const thawsAt = performance.now() + SECONDS * 1000
  await Promise.all(clients.map(async client => {
    while (performance.now() < thawsAt) {
      const [refreshed, asked] = await Promise.all([client.refresh(), client.hello()])
      replies.refresh.push(refreshed)
      replies.hello.push(asked)
    }
  }))
  server.thaw()
  await delay(1000) // for whatever is under way to land

  const standings = await countStandings(server.url, clients)
  const statuses = await Promise.all(clients.map(async client => (await client.refresh()).status))
  const lockedOut = statuses.filter(status => status === 401).length
  t.comment(
    `frozen for ${SECONDS} s: ${replies.refresh.length} refreshes were answered 503, the slowest ` +
      `after ${slowest(replies.refresh)} ms, at most ${counted.most} calls unanswered; after it ` +
      `${JSON.stringify(standings)}, ${lockedOut} of ${CLIENTS} clients locked out`
  )
  return { replies, standings, lockedOut, unanswered: counted.unanswered }
}

const slowest = (replies: TimedReply[]): number =>
  Math.round(Math.max(...replies.map(({ took }) => took)))

for (const { name, skip, start } of services) {
  t.test(`${name} is frozen`, { skip }, async t => {
    const server = await start(t)

    await t.test('a refresh that lands after its deadline changes nothing', async t => {
      const { replies, standings, lockedOut, unanswered } = await freeze(t, server, store => store)
      t.same(standings, { current: CLIENTS, 'answer lost': 0, 'pair lost': 0, ended: 0 })
      t.equal(lockedOut, 0)
      t.equal(unanswered, 0, 'no call is forgotten')
      t.same(new Set(replies.refresh.map(({ status }) => status)), new Set([503]))
      t.ok(slowest(replies.refresh) <= 1000, `${slowest(replies.refresh)} ms`)
      t.same(
        new Set(
          replies.hello.map(
            ({ status, body, retryAfter }) => `${status} ${String(body.code)} ${retryAfter}`
          )
        ),
        new Set(['503 store_unavailable 1']),
        'a guard that asks the store is a 503 too'
      )
      t.ok(slowest(replies.hello) <= 1000, `${slowest(replies.hello)} ms`)
    })

    await t.test('control: a refresh without a deadline locks clients out', async t => {
      const { lockedOut, standings } = await freeze(t, server, withoutDeadline)
      t.ok(lockedOut > 0, `${lockedOut} lockouts`)
      t.ok(standings.current < CLIENTS)
    })
  })
}
