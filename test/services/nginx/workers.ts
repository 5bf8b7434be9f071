import { setTimeout as delay } from 'node:timers/promises'
import t from 'tap'
import { startDemo } from '../../fixtures/servers/demo.ts'
import { startNginx, withoutNginx } from '../../fixtures/servers/nginx.ts'
import { childrenOf, isGone, signal, until } from '../../fixtures/servers/processes.ts'
import { redisProgram, startRedis } from '../../fixtures/servers/redis.ts'
import { secureClient } from '../../fixtures/clients/secure-request.ts'
import { skipUnless } from '../../fixtures/servers/programs.ts'
import { type Counts, startUsers } from '../../fixtures/load/steady-users.ts'

const USERS = 12

t.test(
  'nginx in front of a server of two workers and another of one, all with one Redis',
  { skip: withoutNginx || skipUnless(redisProgram, 'redis-server') },
  async t => {
    const { url: redis } = await startRedis(t)
    const env = {
      JWT_SECRET: 'of all servers behind this nginx',
      STORE_URL: redis,
      RATE_LIMIT: 'off',
      TRUST_PROXY: '127.0.0.1'
    }
    const [pool, single] = await Promise.all([
      startDemo(t, { ...env, WEB_CONCURRENCY: '2' }), startDemo(t, env)
    ])
    const portOf = ({ url }: { url: string }): number => Number(new URL(url).port)
    const listened = (count: number): Promise<void> =>
      until(() => pool.log.filter(line => line.includes('listening at')).length >= count)
    await listened(2)
    const ask = secureClient(t, await startNginx(t, [portOf(pool), portOf(single)]))

    /**
     * What fails while something happens to the servers. Then all users must be as well as before.
     */
    const during = async (what: () => Promise<void>): Promise<Counts> => {
      const users = await startUsers(ask, USERS)
      await delay(300)
      await what()
      await delay(300)
      await users.stop()
      t.comment(JSON.stringify(users.counts))
      t.equal(users.counts.loggedOut, 0, 'nobody is logged out')
      t.ok(users.counts.posts >= 3 * USERS, JSON.stringify(users.counts))
      return users.counts
    }

    await t.test(
      'SIGHUP to the pool, whose workers are all replaced: no request fails',
      async t => {
        const { failedPosts, failedGets } = await during(async () => {
          pool.process.kill('SIGHUP')
          await until(() => pool.log.some(line => line.includes('all workers were replaced')))
        })
        t.equal(failedPosts, 0)
        t.equal(failedGets, 0)
      }
    )

    await t.test(
      'a whole server is killed: what it had begun fails if it is a POST, and nothing else',
      async t => {
        const { failedPosts, failedGets } = await during(async () => {
          await single.stop('SIGKILL')
        })
        t.ok(failedPosts <= USERS, `${failedPosts} POSTs failed`)
        t.equal(failedGets, 0)
      }
    )

    await t.test(
      'a worker of the only server is killed: what it had begun fails, at most',
      async t => {
        const { failedPosts, failedGets } = await during(async () =>
          signal(childrenOf(pool.process.pid as number)[0] as number, 'SIGKILL')
        )
        // A GET is sent again, but nginx may take another kept connection to the same dead worker
        // for it.
        t.ok(
          failedPosts + failedGets <= USERS, `${failedPosts} POSTs and ${failedGets} GETs failed`
        )
      }
    )

    await t.test('a primary that is killed takes its workers along', async t => {
      const workers = childrenOf(pool.process.pid as number)
      await pool.stop('SIGKILL')
      await until(() => workers.every(isGone))
      t.ok(workers.length > 0)
    })
  }
)
