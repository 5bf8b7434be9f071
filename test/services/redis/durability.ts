import t, { type Test } from 'tap'
import { redisStore } from '../../../plugin/stores/redis.ts'
import { skipUnless } from '../../fixtures/servers/programs.ts'
import {
  type RedisServer, askRedis, redisProgram, startRedis
} from '../../fixtures/servers/redis.ts'
import { connectTo } from '../../fixtures/stores/redis-clients.ts'
import { startApp } from '../../fixtures/stores/started.ts'

const skip = skipUnless(redisProgram, 'redis-server')

const start = (t: Test, server: RedisServer) => startApp(t, redisStore(connectTo(t, server)))

/**
 * Logs in, takes a snapshot unless there is no file, logs out and kills the server. Returns the
 * status of a refresh and of a guarded route afterwards.
 */
async function afterCrash (
  t: Test, args: string[], snapshot = true
): Promise<{ refresh: number, guard: number }> {
  const server = await startRedis(t, args)
  const { login, post } = await start(t, server)
  const { refresh, access } = await login()
  if (snapshot) await askRedis(server.port, 'SAVE')
  t.equal((await post('/api/token/blacklist/', { refresh })).statusCode, 200)
  await server.kill()
  await server.start()
  const again = await start(t, server)
  return {
    refresh: (await again.post('/api/token/refresh/', { refresh })).statusCode,
    guard: (await again.hello(access)).statusCode
  }
}

t.test('with snapshots alone a crash undoes a logout', { skip }, async t => {
  t.strictSame(await afterCrash(t, ['--save', '3600 1']), { refresh: 200, guard: 200 })
})

t.test('without a file a crash undoes a logout for access tokens', { skip }, async t => {
  t.strictSame(await afterCrash(t, [], false), { refresh: 401, guard: 200 })
})

t.test('with appendonly no crash of Redis undoes a logout', { skip }, async t => {
  for (const appendfsync of ['always', 'everysec']) {
    const args = ['--appendonly', 'yes', '--appendfsync', appendfsync]
    t.strictSame(await afterCrash(t, args), { refresh: 401, guard: 401 }, appendfsync)
  }
})
