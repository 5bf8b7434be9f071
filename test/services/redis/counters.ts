import { Redis } from 'ioredis'
import t from 'tap'
import { NOW, session } from '../../../plugin/store-contract/case.ts'
import { redisStore } from '../../../plugin/stores/redis.ts'
import { COUNT } from '../../../plugin/stores/redis/counters.ts'
import type { Counters } from '../../../plugin/stores/store.ts'
import { MINUTE, buildApp } from '../../fixtures/app.ts'
import { skipUnless } from '../../fixtures/servers/programs.ts'
import { redisProgram, startRedis } from '../../fixtures/servers/redis.ts'
import { connectTo } from '../../fixtures/stores/redis-clients.ts'
import { limiter, testSharedLimit } from '../../fixtures/stores/shared-limit.ts'

const skip = skipUnless(redisProgram, 'redis-server')

testSharedLimit(t, 'Redis', skip, async t => {
  const server = await startRedis(t)
  return () => redisStore(connectTo(t, server)).counters as Counters
})

t.test('keys of counters begin with the prefix and expire', { skip }, async t => {
  const client = connectTo(t, await startRedis(t))
  const { counters } = redisStore(client, { prefix: 'ours:' })
  const count = await limiter(t, counters as Counters)
  for (let time = 0; time < 3; time++) await count('a')
  t.strictSame(await client.keys('*'), ['ours:limit:a'])
  const left = await client.pttl('ours:limit:a')
  t.ok(left > 0 && left <= MINUTE, `${left} ms`)
  await counters?.increment(new Map([['a', -1], ['b', -1], ['c', 0]]), MINUTE, Date.now())
  t.strictSame(await client.keys('*'), ['ours:limit:a'], 'neither a read leaves a key nor a gift')
  t.ok(await client.pttl('ours:limit:a') <= left, 'and a change keeps the end')
})

t.test('the server knows the script of a counter by its name', { skip }, async t => {
  const client = connectTo(t, await startRedis(t))
  t.equal(await client.script('LOAD', COUNT.lua), COUNT.sha)
})

t.test('a client that replies with text has the same counts', { skip }, async t => {
  const { port } = await startRedis(t)
  const client = new Redis(port, { stringNumbers: true })
  t.after(() => client.disconnect())
  const counted = await redisStore(client).counters?.increment(new Map([['a', 2]]), MINUTE, NOW)
  t.strictSame(counted, new Map([['a', { current: 2, ttl: MINUTE }]]))
})

t.test('made-up names leave no key for longer than a minute', { skip }, async t => {
  const client = connectTo(t, await startRedis(t))
  const { post } = await buildApp(t, {
    store: redisStore(client), rateLimit: { loginPerAddress: 1000 }, now: Date.now
  })
  for (let name = 0; name < 100; name++) {
    t.equal((await post('/api/token/', { username: `${name}`, password: 'x' })).statusCode, 401)
  }
  const keys = await client.keys('*')
  t.equal(keys.length, 201, 'one of the address, one of each name, one of each name there')
  const left = await Promise.all(keys.map(key => client.pttl(key)))
  t.ok(left.every(time => time > 0 && time <= MINUTE), `${Math.max(...left)} ms`)
  for (let count = 0; count < 4; count++) {
    await post('/api/token/', { username: '0', password: 'x' })
  }
  const longer = await Promise.all((await client.keys('*')).map(async key =>
    [key.split(':')[2], await client.pttl(key) > MINUTE] as const))
  t.strictSame(
    longer.filter(([, isLonger]) => isLonger).map(([kind]) => kind).sort(),
    ['failuresFrom', 'failuresOfAll'], 'the fifth failure of a name is remembered'
  )
})

t.test('counters may have a separate client', { skip }, async t => {
  const [sessions, counters] = [
    connectTo(t, await startRedis(t)), connectTo(t, await startRedis(t))
  ]
  const store = redisStore(sessions, { counters })
  await store.create(session())
  await store.counters?.increment(new Map([['a', 1]]), MINUTE, NOW)
  t.notOk((await sessions.keys('*')).some(key => key.includes('limit:')))
  t.strictSame(await counters.keys('*'), ['simplejwt:limit:a'])
  const listening = [sessions, counters].map(client => client.listenerCount('close'))
  await store.close?.()
  t.strictSame(
    [sessions, counters].map(client => client.listenerCount('close')),
    listening.map(count => count - 1), 'and the store stops listening to both'
  )
})

t.test('a flood of counters on a separate server evicts no session', { skip }, async t => {
  const [sessions, counters] = [
    connectTo(t, await startRedis(t)), connectTo(t, await startRedis(t))
  ]
  await counters.config('SET', 'maxmemory-policy', 'allkeys-lru')
  await counters.config('SET', 'maxmemory', '3mb')
  const store = redisStore(sessions, { counters })
  for (let batch = 0; batch < 30; batch++) {
    const requests = new Map(Array.from({ length: 1000 }, (_, name) => [`${batch} ${name}`, 1]))
    await store.counters?.increment(requests, MINUTE, Date.now())
  }
  t.ok(await counters.dbsize() < 30_000, 'the server has evicted counters')
  await store.create(session())
  t.equal(await store.revoke('s', NOW), true, 'and a logout works')
})
