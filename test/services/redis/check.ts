import { readFileSync } from 'node:fs'
import { Redis } from 'ioredis'
import t, { type Test } from 'tap'
import { session } from '../../../plugin/store-contract/case.ts'
import { TRY } from '../../../plugin/stores/redis/check.ts'
import * as scripts from '../../../plugin/stores/redis/scripts.ts'
import { redisStore } from '../../../plugin/stores/redis.ts'
import { skipUnless } from '../../fixtures/servers/programs.ts'
import { startRedisCluster } from '../../fixtures/servers/redis-cluster.ts'
import {
  type RedisServer, askRedis, redisProgram, startRedis
} from '../../fixtures/servers/redis.ts'
import { connect, redisIsAt } from '../../fixtures/stores/open-redis.ts'
import { connectTo } from '../../fixtures/stores/redis-clients.ts'
import { VERIFIES, startApp } from '../../fixtures/stores/started.ts'

const skip = skipUnless(redisProgram, 'redis-server')
const NO_LOG = 'fastify-simplejwt: A crash of Redis can undo logouts, since "appendonly" is off. ' +
  'Set "appendonly yes".'
const EVICTS = 'fastify-simplejwt: Redis can evict sessions and logouts when its memory is full. ' +
  'Set "maxmemory-policy noeviction".'
const CANNOT_BE_USED = 'fastify-simplejwt: the session store cannot be used.'

/** A client of a user with these rights. */
async function connectAs (t: Test, { port }: RedisServer, rights: string): Promise<Redis> {
  await askRedis(port, `ACL SETUSER app on >word resetkeys nocommands ~simplejwt:* ${rights}`)
  const client = new Redis({ host: '127.0.0.1', port, username: 'app', password: 'word' })
  t.after(() => client.disconnect())
  return client
}

/** As docs/stores.md says. */
const DOCUMENTED_RIGHTS = /ACL SETUSER .*~simplejwt:\* (.*)/
  .exec(readFileSync('docs/stores.md', 'utf8'))?.[1] as string

const commandsOf = (lua: string): string[] =>
  [...new Set([...lua.matchAll(/'([A-Z]{3,})'/g)].map(match => match[1] as string))].sort()

t.test('the check runs each command of the scripts', async t => {
  const texts = Object.values(scripts).flatMap(script => 'lua' in script ? [script.lua] : [])
  t.ok(texts.length > 5)
  t.strictSame(commandsOf(TRY.lua), commandsOf(texts.join()))
})

t.test('settings that can undo a logout are warnings at the start', { skip }, async t => {
  for (const [name, args, warnings] of [
    ['a file of each command', ['--appendonly', 'yes'], []],
    ['snapshots alone', ['--save', '60 1'], [NO_LOG]],
    ['no file', [], [NO_LOG]],
    ['eviction', ['--appendonly', 'yes', '--maxmemory', '1gb', '--maxmemory-policy', 'allkeys-lru'],
      [EVICTS]],
    ['eviction without a limit', ['--appendonly', 'yes', '--maxmemory-policy', 'volatile-ttl'], []],
    ['a limit', ['--appendonly', 'yes', '--maxmemory', '1gb'], []]
  ] as const) {
    const server = await startRedis(t, [...args])
    t.strictSame((await startApp(t, redisStore(connectTo(t, server)))).warnings, warnings, name)
    t.equal(await askRedis(server.port, 'DBSIZE'), ':0\r\n', 'the check leaves no trace')
  }
})

t.test('a client whose replies are objects gets the warning too', { skip }, async t => {
  const { port } = await startRedis(t)
  const client = new Redis(port, { replyMapping: 'resp3' }) as unknown as Redis
  t.after(() => client.disconnect())
  t.strictSame((await startApp(t, redisStore(client))).warnings, [NO_LOG])
})

t.test('a server that refuses CONFIG causes neither a warning nor a failure', { skip }, async t => {
  const server = await startRedis(t)
  const client = await connectAs(t, server, '+@all -config')
  t.strictSame((await startApp(t, redisStore(client))).warnings, [])
})

t.test('a client that may not write stops the start', { skip }, async t => {
  const server = await startRedis(t)
  for (const rights of [
    '+@all -eval -evalsha', '+@all -@write', '+@all -hset', '+@all -zadd', '+@all -del',
    '+@all -pexpire', '+@all -hmget', '+@all resetkeys ~other:*', '+@all resetkeys %R~simplejwt:*'
  ]) {
    const client = await connectAs(t, server, rights)
    await t.rejects(startApp(t, redisStore(client)), { message: CANNOT_BE_USED }, rights)
    t.equal(await askRedis(server.port, 'DBSIZE'), ':0\r\n', 'the check leaves no trace')
  }
})

t.test('a client with the documented rights issues tokens', { skip }, async t => {
  const server = await startRedis(t)
  const client = await connectAs(t, server, DOCUMENTED_RIGHTS)
  const { login, post, warnings } = await startApp(t, redisStore(client))
  t.strictSame(warnings, [])
  const { refresh } = await login()
  const refreshed = (await post('/api/token/refresh/', { refresh })).json()
  t.equal((await post('/api/token/blacklist/', { refresh: refreshed.refresh })).statusCode, 200)
})

t.test('a client that can only read suffices for an app that verifies', { skip }, async t => {
  const server = await startRedis(t)
  const { app } = await startApp(
    t, redisStore(await connectAs(t, server, '%R~simplejwt:* +@connection +@read')), VERIFIES)
  t.strictSame(await app.tokens.sessions('7'), [])
})

t.test('a replica stops the start, except of an app that verifies', { skip }, async t => {
  const server = await startRedis(t)
  const store = redisStore(connectTo(t, server))
  await store.create(session())
  await askRedis(server.port, 'REPLICAOF 127.0.0.1 1')
  await t.rejects(startApp(t, store), { message: /cannot be used\. READONLY/ })
  await startApp(t, store, VERIFIES)
})

t.test('each master of a Cluster is checked', { skip }, async t => {
  const { servers } = await startRedisCluster(t)
  redisIsAt(servers)
  const client = connect()
  t.after(() => client.disconnect())
  const warnings = async () => (await startApp(t, redisStore(client))).warnings
  t.strictSame(await warnings(), [NO_LOG], 'one warning for all')
  for (const { port } of servers) await askRedis(port, 'CONFIG SET appendonly yes')
  t.strictSame(await warnings(), [])
  for (const { port } of servers) {
    await askRedis(port, 'CONFIG SET appendonly no')
    t.strictSame(await warnings(), [NO_LOG])
    await askRedis(port, 'CONFIG SET appendonly yes')
  }
  await askRedis(servers[0]?.port as number, 'CONFIG SET min-replicas-to-write 1')
  await t.rejects(startApp(t, redisStore(client)), { message: /cannot be used\. NOREPLICAS/ })
})
