import { Redis } from 'ioredis'
import t from 'tap'
import {
  ACCESS_LIFETIME, HOUR, NOW, presentation, session
} from '../../../plugin/store-contract/case.ts'
import { redisStore } from '../../../plugin/stores/redis.ts'
import { redisProgram, startRedis } from '../../fixtures/servers/redis.ts'
import { skipUnless } from '../../fixtures/servers/programs.ts'

const CLIENTS: { name: string, make(port: number): Redis }[] = [
  { name: 'a prefix for all of its keys', make: port => new Redis(port, { keyPrefix: 'app:' }) },
  { name: 'pipelines of its own', make: port => new Redis(port, { enableAutoPipelining: true }) },
  { name: 'no queue of its own', make: port => new Redis(port, { enableOfflineQueue: false }) },
  { name: 'the old protocol', make: port => new Redis(port, { protocol: 2 }) },
  {
    name: 'the replies of the new protocol',
    make: port => new Redis(port, { replyMapping: 'resp3' }) as unknown as Redis
  },
  { name: 'numbers as strings', make: port => new Redis(port, { stringNumbers: true }) }
]

for (const { name, make } of CLIENTS) {
  t.test(
    `a client may have ${name}`,
    { skip: skipUnless(redisProgram, 'redis-server') },
    async t => {
      const { port } = await startRedis(t)
      const client = make(port)
      t.after(() => client.disconnect())
      const store = redisStore(client)
      for (const sid of ['s', 'other']) await store.create(session({ sid }))
      t.match(await store.rotate(presentation('t0', 't1')), {
        outcome: 'rotated',
        session: { jti: 't1', rotatedAt: NOW }
      })
      t.equal((await store.list('7', NOW)).length, 2)
      t.equal(await store.revoke('s', NOW), true)
      t.equal(await store.revoke('s', NOW), false)
      t.strictSame(await store.revokeUser('7', NOW), ['other'])
      t.strictSame(
        (await store.revokedSince(NOW)).sort((a, b) => a.sid < b.sid ? -1 : 1),
        [
          { sid: 'other', revokedAt: NOW, accessExpiresAt: NOW + ACCESS_LIFETIME },
          { sid: 's', revokedAt: NOW, accessExpiresAt: NOW + ACCESS_LIFETIME }
        ]
      )
      t.equal(await store.sweep(NOW + HOUR), 2)
    }
  )
}
