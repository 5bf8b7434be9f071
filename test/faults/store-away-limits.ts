import t, { type Test } from 'tap'
import { startDemo } from '../fixtures/servers/demo.ts'
import { postgresProgram, startPostgres } from '../fixtures/servers/postgres.ts'
import { redisProgram, startRedis } from '../fixtures/servers/redis.ts'
import { skipUnless } from '../fixtures/servers/programs.ts'
import { createClients } from '../fixtures/clients/token-client.ts'

const services = [
  {
    name: 'Redis',
    skip: skipUnless(redisProgram, 'redis-server'),
    start: (t: Test) => startRedis(t)
  },
  {
    name: 'PostgreSQL',
    skip: skipUnless(postgresProgram, 'postgres'),
    start: (t: Test) => startPostgres(t)
  }
]

for (const { name, skip, start } of services) {
  t.test(`${name} is frozen: a 503 comes within a second, with login limits`, { skip }, async t => {
    const store = await start(t)
    const demo = await startDemo(t, { STORE_URL: store.url, LOG_LEVEL: 'info' })
    const [entering, leaving, ...refreshing] = await createClients(demo.url, 3)
    await store.freeze()
    for (const when of ['first', 'later']) {
      const replies = await Promise.all([
        entering?.login(), leaving?.logout(), ...refreshing.map(client => client.refresh())
      ])
      const [login, logout, ...refreshes] = replies.map(reply => Math.round(reply?.took ?? NaN))
      t.comment(
        `${when}: login ${login} ms, logout ${logout} ms, refresh ${Math.max(...refreshes)} ms`
      )
      t.same(
        new Set(replies.map(reply => `${reply?.status} ${String(reply?.body.code)}`)),
        new Set(['503 store_unavailable'])
      )
      t.ok((login as number) <= 1000, `login: ${login} ms`)
      t.ok((logout as number) <= 1000, `logout: ${logout} ms`)
      t.ok(Math.max(...refreshes) <= 1000, `refresh: ${Math.max(...refreshes)} ms`)
    }
  })
}
