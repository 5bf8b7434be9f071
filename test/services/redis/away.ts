import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { HOUR, NOW, presentation, session } from '../../../plugin/store-contract/case.ts'
import { redisCommands } from '../../../plugin/stores/redis/client.ts'
import { redisStore } from '../../../plugin/stores/redis.ts'
import { until } from '../../fixtures/servers/processes.ts'
import { connectTo, failure, untilReady, withClock } from '../../fixtures/stores/redis-clients.ts'
import { redisProgram, startRedis } from '../../fixtures/servers/redis.ts'
import { skipUnless } from '../../fixtures/servers/programs.ts'

const PATIENCE = 700
const LATE = { message: 'The deadline of this call has passed.' }

const sids = Array.from({ length: 30 }, (_, index) => `s${index}`)

t.test('a server that is away', { skip: skipUnless(redisProgram, 'redis-server') }, async t => {
  t.test('a command times out after 700 ms without an answer, and is not sent later', async t => {
    const server = await startRedis(t)
    await server.freeze()
    const client = connectTo(t, server, { lazyConnect: true })
    const { command } = redisCommands(client)
    const calls = await Promise.all([failure(command('incr', 'a')), failure(command('incr', 'a'))])
    for (const { took, error } of calls) {
      t.equal(error.name, 'AbortError')
      t.ok(took > PATIENCE - 50 && took < PATIENCE + 1000, `${took} ms`)
    }
    server.thaw()
    await untilReady(client)
    t.equal(await command('incr', 'a'), 1)
  })

  t.test('a command fails while the server is down, and is not sent later', async t => {
    const server = await startRedis(t)
    const client = connectTo(t, server, { retryStrategy: () => 50 })
    const { command } = redisCommands(client)
    await command('ping')
    await server.kill()
    await until(() => client.status !== 'ready')
    for (let count = 0; count < 20; count++) {
      const { took, error } = await failure(command('incr', 'a'))
      t.match(error.message, /Redis is not connected|ECONNREFUSED/)
      t.ok(took < PATIENCE, `${took} ms`)
    }
    await server.start()
    await untilReady(client)
    t.equal(await command('incr', 'a'), 1, 'and the same client goes on')
  })

  t.test('a client that cannot connect fails as soon as it knows', async t => {
    const server = await startRedis(t)
    await server.kill()
    const { took, error } = await failure(
      redisCommands(connectTo(t, server, { lazyConnect: true })).command('ping')
    )
    t.match(error.message, /ECONNREFUSED/)
    t.ok(took < PATIENCE, `${took} ms`)
  })

  t.test('a late call changes nothing, even if the server clock is wrong', async t => {
    const server = await startRedis(t)
    const client = connectTo(t, server)
    const stores = [0, HOUR, -HOUR].map(ahead =>
      redisStore(withClock(client, () => ahead), { prefix: `late${ahead}:` })
    )
    const rotateAll = (presented: string, next: string, deadline: number) =>
      Promise.allSettled(
        stores.flatMap(store =>
          sids.map(sid => store.rotate(presentation(presented, next, NOW, { sid, deadline })))
        )
      )
    const jtis = async () =>
      new Set(
        (await Promise.all(stores.flatMap(store => sids.map(sid => store.find(sid))))).map(
          found => found?.jti
        )
      )

    for (const store of stores) for (const sid of sids) await store.create(session({ sid }))
    t.notOk(
      (await rotateAll('t0', 't1', Date.now() + HOUR / 2)).some(
        ({ status }) => status === 'rejected'
      ),
      'in time by a wrong clock'
    )
    t.strictSame(await jtis(), new Set(['t1']))
    await server.freeze()
    const deadline = Date.now() + 500
    const late = rotateAll('t1', 't2', deadline)
    const ends = Promise.allSettled(
      stores.flatMap(store => [
        store.revokeUser('7', NOW, 's0', deadline), store.revoke('s0', NOW, deadline)
      ])
    )
    await sleep(1200)
    server.thaw()
    for (const result of [...(await late), ...(await ends)]) {
      t.match(result, { status: 'rejected', reason: LATE })
    }
    t.strictSame(await jtis(), new Set(['t1']))
    for (const store of stores) t.strictSame(await store.revokedSince(0), [])
    t.notOk(
      (await rotateAll('t1', 't2', Date.now() + HOUR / 2)).some(
        ({ status }) => status === 'rejected'
      ),
      'and goes on'
    )
    t.strictSame(await jtis(), new Set(['t2']))
  })
})
