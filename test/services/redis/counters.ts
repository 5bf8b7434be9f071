import t from 'tap'
import { redisStore } from '../../../plugin/stores/redis.ts'
import type { Counters } from '../../../plugin/stores/store.ts'
import { MINUTE } from '../../fixtures/app.ts'
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
  await count('a')
  const keys = await client.keys('*')
  t.match(keys, [/^ours:limit:.*a$/])
  const left = await client.pttl(keys[0] as string)
  t.ok(left > 0 && left <= MINUTE, `${left} ms`)
})
