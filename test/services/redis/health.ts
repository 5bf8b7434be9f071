import t from 'tap'
import { buildDemo } from '../../fixtures/servers/built-demo.ts'
import { skipUnless } from '../../fixtures/servers/programs.ts'
import { redisProgram, startRedis } from '../../fixtures/servers/redis.ts'

const skip = skipUnless(redisProgram, 'redis-server')

t.test('a server whose store is away is alive, and not ready', { skip }, async t => {
  const redis = await startRedis(t)
  const app = await buildDemo(t, { STORE_URL: redis.url })
  const asked = async (url: string) => {
    const { statusCode, body } = await app.inject(url)
    return [statusCode, body]
  }
  t.strictSame(await asked('/healthz'), [200, '{"status":"ok"}'])
  t.strictSame(await asked('/readyz'), [200, '{"status":"ok"}'])
  await redis.freeze()
  t.strictSame(await asked('/readyz'), [503, '{"status":"store unavailable"}'])
  t.strictSame(await asked('/healthz'), [200, '{"status":"ok"}'])
  redis.thaw()
  while ((await app.inject('/readyz')).statusCode !== 200);
  t.pass('ready again')
})
