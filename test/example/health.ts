import t from 'tap'
import { buildDemo } from '../fixtures/servers/built-demo.ts'

t.test('a server that is about to end is not ready, and asks clients to hang up', async t => {
  const app = await buildDemo(t)
  t.notOk((await app.inject('/healthz')).headers.connection === 'close')
  const drained = app.drain()
  const { statusCode, body, headers } = await app.inject('/readyz')
  t.strictSame([statusCode, body, headers.connection], [503, '{"status":"draining"}', 'close'])
  t.equal((await app.inject('/healthz')).statusCode, 200)
  await drained
})
