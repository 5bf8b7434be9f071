import t from 'tap'
import { HOUR, NOW, session } from '../../../plugin/store-contract/case.ts'
import { storeContract } from '../../../plugin/store-contract.ts'
import { tagsOf } from '../../../plugin/stores/redis/buckets.ts'
import { type RedisClient, redisStore } from '../../../plugin/stores/redis.ts'
import { forkLean } from '../../fixtures/servers/lean-children.ts'
import open, { connect, redisIsAt } from '../../fixtures/stores/open-redis.ts'
import { startRedisCluster } from '../../fixtures/servers/redis-cluster.ts'
import { askRedis, redisProgram } from '../../fixtures/servers/redis.ts'
import { skipUnless } from '../../fixtures/servers/programs.ts'
import { buildRateLimiter } from '../../fixtures/rate-limiter.ts'

forkLean()

t.test(
  'a cluster of three masters',
  { skip: skipUnless(redisProgram, 'redis-server') },
  async t => {
    const { servers } = await startRedisCluster(t)
    redisIsAt(servers)
    const client = connect()
    t.after(() => client.disconnect())

    t.test('contract', async t => {
      storeContract({
        test: (name, run) => t.test(name, run),
        open,
        module: new URL('../../fixtures/stores/open-redis.ts', import.meta.url)
      })
    })

    t.test('each has its share of the hash tags', async t => {
      const { port } = servers[0] as { port: number }
      for (const [bucket, tag] of tagsOf(client as RedisClient).entries()) {
        const slot = await askRedis(port, `CLUSTER KEYSLOT simplejwt:{${tag}}:over`)
        t.match(slot, new RegExp(`\\b${1024 * bucket + 512}\\b`))
      }
    })

    t.test('each has some of the sessions, of one user too', async t => {
      const store = redisStore(client, { prefix: 'spread:' })
      for (let index = 0; index < 100; index++) await store.create(session({ sid: `s${index}` }))
      for (const { port } of servers) {
        t.match(await askRedis(port, 'KEYS spread:*:session:*'), /session:s\d/)
      }
      t.equal((await store.revokeUser('7', NOW)).length, 100)
      t.equal((await store.revokedSince(NOW)).length, 100)
      t.equal(await store.sweep(NOW + HOUR), 100)
    })

    t.test('the limits are counted there too', async t => {
      const { post } = await buildRateLimiter(t, 'loginPerUsername', {
        counters: redisStore(client).counters,
        reportFailure: (_verb, cause) => {
          t.fail(cause)
        }
      })
      const statuses = []
      for (let count = 0; count < 5; count++) statuses.push((await post('vitor')).statusCode)
      t.same(statuses, [200, 200, 200, 429, 429])
    })
  }
)
