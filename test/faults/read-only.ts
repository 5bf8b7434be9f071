import type { AddressInfo } from 'node:net'
import pg from 'pg'
import t, { type Test } from 'tap'
import { openStore } from '../../example/store.ts'
import { buildApp } from '../fixtures/app.ts'
import { startDemo } from '../fixtures/servers/demo.ts'
import { hastyStore } from '../fixtures/naive/faults.ts'
import { postgresProgram, startPostgres } from '../fixtures/servers/postgres.ts'
import { askRedis, redisProgram, startRedis } from '../fixtures/servers/redis.ts'
import { withstandRefusal } from '../fixtures/load/refusing.ts'
import { skipUnless } from '../fixtures/servers/programs.ts'
import { countStandings } from '../fixtures/load/standing.ts'
import { createClients } from '../fixtures/clients/token-client.ts'

const redis = { skip: skipUnless(redisProgram, 'redis-server') }
const postgres = { skip: skipUnless(postgresProgram, 'postgres') }

const start = async (t: Test, storeUrl: string): Promise<string> =>
  (await startDemo(t, { STORE_URL: storeUrl, RATE_LIMIT: 'off', LOG_LEVEL: 'info' })).url

t.test('a PostgreSQL that is read-only is a 503, until it is not', postgres, async t => {
  const store = await startPostgres(t)
  const client = new pg.Client(store.url)
  await client.connect()
  const settle = async (change: string): Promise<void> => {
    await client.query(`ALTER SYSTEM ${change}`)
    await client.query('SELECT pg_reload_conf()')
  }
  await withstandRefusal(t, await start(t, store.url), store.url, {
    refuse: () => settle('SET default_transaction_read_only = on'),
    relent: () => settle('RESET default_transaction_read_only')
  })
  await client.end()
})

t.test('a Redis without memory is a 503, until it has some', redis, async t => {
  const store = await startRedis(t)
  await withstandRefusal(t, await start(t, store.url), store.url, {
    refuse: () => askRedis(store.port, 'CONFIG SET maxmemory 1'),
    relent: () => askRedis(store.port, 'CONFIG SET maxmemory 0')
  })
})

t.test('a Redis that became a replica is a 503, until it is master again', redis, async t => {
  const store = await startRedis(t)
  await withstandRefusal(t, await start(t, store.url), store.url, {
    refuse: () => askRedis(store.port, 'REPLICAOF 127.0.0.1 1'),
    relent: () => askRedis(store.port, 'REPLICAOF NO ONE')
  })
})

t.test('control: a store that answers before it writes loses pairs', redis, async t => {
  const server = await startRedis(t)
  const { store, disconnect } = await openStore(server.url)
  t.after(disconnect)
  const { app } = await buildApp(t, { store: hastyStore(store), now: Date.now })
  await app.listen({ host: '127.0.0.1', port: 0 })
  const clients = await createClients(
    `http://127.0.0.1:${(app.server.address() as AddressInfo).port}`, 3
  )
  await askRedis(server.port, 'CONFIG SET maxmemory 1')
  for (const client of clients) t.equal((await client.refresh()).status, 200)
  t.match(await countStandings(server.url, clients), { 'pair lost': 3 })
})
