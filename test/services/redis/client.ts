import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { redisCommands } from '../../../plugin/stores/redis/client.ts'
import { CLOCK } from '../../../plugin/stores/redis/scripts.ts'
import { connectTo, failure, sending, untilReady } from '../../fixtures/stores/redis-clients.ts'
import { redisProgram, startRedis } from '../../fixtures/servers/redis.ts'
import { skipUnless } from '../../fixtures/servers/programs.ts'

const PATIENCE = 700

t.test('a server', { skip: skipUnless(redisProgram, 'redis-server') }, async t => {
  const server = await startRedis(t)

  t.test('a command is sent as it is', async t => {
    const { command } = redisCommands(connectTo(t, server))
    t.equal(await command('set', 'a', 1), 'OK')
    t.equal(await command('get', 'a'), '1')
  })

  t.test('a script is sent in full once, and again after the server forgets it', async t => {
    const client = connectTo(t, server)
    const sent: string[] = []
    const { run } = redisCommands(
      sending(client, (send, ...given) => {
        sent.push(given[0])
        return send(...given)
      })
    )
    for (const forget of [
      () => client.script('FLUSH'),
      async () => {
        await server.stop()
        await server.start()
        await untilReady(client)
      }
    ]) {
      await forget()
      sent.length = 0
      for (let count = 0; count < 3; count++) t.ok(Number(await run(CLOCK, ['key'])) > 0)
      t.strictSame(sent, ['evalsha', 'eval', 'evalsha', 'evalsha'])
    }
  })

  t.test('run: rejects with the error of a script, and does not send it again', async t => {
    const sent: string[] = []
    const { run } = redisCommands(
      sending(connectTo(t, server), async (_send, command) => {
        sent.push(command)
        throw new Error('OOM command not allowed')
      })
    )
    await t.rejects(run(CLOCK, ['key']), { message: 'OOM command not allowed' })
    t.strictSame(sent, ['evalsha'])
  })

  t.test('a client that is not connected is sent nothing, and the call fails at once', async t => {
    for (const status of ['reconnecting', 'close', 'end', 'disconnecting']) {
      const sent: string[] = []
      const client = sending(connectTo(t, server), async (_send, command) => { sent.push(command) })
      const { command, run } = redisCommands(
        new Proxy(client, {
          get: (target, name) => name === 'status' ? status : Reflect.get(target, name)
        })
      )
      for (const call of [command('get', 'a'), run(CLOCK, ['key'])]) {
        const { took, error } = await failure(call)
        t.equal(error.message, `Redis is not connected: the status of the client is "${status}".`)
        t.ok(took < PATIENCE / 2, `${took} ms`)
      }
      t.strictSame(sent, [])
    }
  })

  t.test('a client that was closed fails at once', async t => {
    const client = connectTo(t, server)
    await once(client, 'ready')
    client.disconnect()
    await once(client, 'end')
    t.ok((await failure(redisCommands(client).command('get', 'a'))).took < PATIENCE / 2)
  })

  t.test('calls wait for a connecting client with one shared listener', async t => {
    const client = connectTo(t, server)
    const { command } = redisCommands(client)
    t.equal(client.status, 'connecting')
    const calls = Array.from({ length: 100 }, () => command('ping'))
    await Promise.resolve()
    t.ok(client.listenerCount('ready') <= 2)
    t.strictSame(new Set(await Promise.all(calls)), new Set(['PONG']))
    t.equal(client.listenerCount('ready'), 0)
  })

  t.test('a client with lazyConnect connects by itself', async t => {
    const client = connectTo(t, server, { lazyConnect: true })
    const { command } = redisCommands(client)
    t.equal(client.status, 'wait')
    t.equal(await command('ping'), 'PONG')
  })

  t.test('a store that is closed stops listening, and the client stays open', async t => {
    const client = connectTo(t, server)
    const listeners = client.listenerCount('close')
    const { command, close } = redisCommands(client)
    t.equal(client.listenerCount('close'), listeners + 1)
    await close()
    t.equal(client.listenerCount('close'), listeners)
    t.equal(await command('ping'), 'PONG')
  })

  t.test('twelve stores on one client share their listeners, with no warning', async t => {
    const warnings: string[] = []
    const listen = ({ name }: Error): void => { warnings.push(name) }
    process.on('warning', listen)
    t.after(() => process.off('warning', listen))
    const client = connectTo(t, server)
    const counts = (): number[] =>
      ['close', 'error', 'ready'].map(event => client.listenerCount(event))
    const before = counts()
    const stores = Array.from({ length: 12 }, () => redisCommands(client))
    const calls = stores.map(({ command }) => command('ping'))
    await Promise.resolve()
    t.ok(counts().every(count => count <= 3), `${counts()}`)
    t.strictSame(new Set(await Promise.all(calls)), new Set(['PONG']))
    const [last, ...others] = stores as [typeof stores[number], ...typeof stores]
    for (const { close } of others) {
      await close()
      await close()
    }
    t.equal(client.listenerCount('close'), (before[0] as number) + 1, 'one still listens')
    await last.close()
    t.strictSame(counts(), before)
    t.strictSame(warnings, [])
    const again = redisCommands(client)
    t.equal(client.listenerCount('close'), (before[0] as number) + 1)
    await again.close()
  })

  t.test('a client gets an error listener unless it has one', async t => {
    const silent = connectTo(t, server)
    redisCommands(silent)
    redisCommands(silent)
    t.equal(silent.listenerCount('error'), 1)
    const heard = connectTo(t, server)
    const listener = (): void => {}
    heard.on('error', listener)
    redisCommands(heard)
    t.strictSame(heard.listeners('error'), [listener])
  })
})

t.test(
  'a command that is lost with its connection fails at once, whatever the client makes of it',
  { skip: skipUnless(redisProgram, 'redis-server') },
  async t => {
    const server = await startRedis(t)
    const client = connectTo(t, server)
    const { command, run } = redisCommands(client)
    await command('ping')
    await server.freeze()
    const calls = [failure(command('incr', 'a')), failure(run(CLOCK, ['key']))]
    await sleep(50)
    await server.kill()
    for (const { error } of await Promise.all(calls)) {
      t.equal(error.message, 'The connection to Redis was lost.')
    }
  }
)
