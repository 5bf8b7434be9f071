import t, { type Test } from 'tap'
import { startDemo } from '../fixtures/servers/demo.ts'
import { postgresProgram, startPostgres } from '../fixtures/servers/postgres.ts'
import { redisProgram, startRedis } from '../fixtures/servers/redis.ts'
import { type Tally, keepRotating } from '../fixtures/load/rotating.ts'
import { rounds } from '../fixtures/load/rounds.ts'
import type { ServerProcess } from '../fixtures/servers/server-process.ts'
import { skipUnless } from '../fixtures/servers/programs.ts'
import { lostSince, rowsOf, standingOf } from '../fixtures/load/standing.ts'
import { type TokenClient, createClients } from '../fixtures/clients/token-client.ts'

const KILLS = rounds(1, 20)
const ROTATIONS = rounds(200, 10_000)
const CLIENTS = rounds(20, 100)
/** So many log out while the store is killed. */
const LEAVERS = 5

/**
 * What a store has lost of what was answered. `oldest`: how long before the kill that was answered,
 * in milliseconds.
 */
interface Lost { answers: number, pairs: number, oldest: number, logouts: number }

/**
 * Kills a store again and again while clients refresh and log out, starts it on the same folder,
 * and looks at what it has.
 */
async function killAgainAndAgain (
  t: Test, store: ServerProcess & { url: string }, kills = KILLS
): Promise<{ tally: Tally, lost: Lost }> {
  const { url } = await startDemo(t, {
    STORE_URL: store.url,
    JWT_SECRET: 'a secret of thirty-two characters',
    RATE_LIMIT: 'off',
    REUSE_INTERVAL: '30s',
    LOG_LEVEL: 'info'
  })
  const clients = await createClients(url, CLIENTS)
  const gone: TokenClient[] = []
  const lost: Lost = { answers: 0, pairs: 0, oldest: 0, logouts: 0 }

  const tally = await keepRotating(clients, ROTATIONS * kills / KILLS, kills, async pause => {
    const leavers = await createClients(url, LEAVERS)
    const leaving = leavers.map(async leaver => {
      if ((await leaver.logout()).status === 200) gone.push(leaver)
    })
    await Promise.race(leaving)
    await store.kill()
    const killedAt = Date.now()
    const goOn = await pause()
    await Promise.all(leaving)
    await store.start()
    for (const [index, session] of (await rowsOf(store.url, clients)).entries()) {
      const client = clients[index] as TokenClient
      const standing = standingOf(session, client.jti)
      if (standing === 'answer lost') lost.answers++
      if (standing === 'pair lost') lost.pairs++
      lost.oldest = Math.max(lost.oldest, killedAt - lostSince(session, client))
    }
    goOn()
  })

  const statuses = await Promise.all(gone.map(async leaver => (await leaver.refresh()).status))
  lost.logouts = statuses.filter(status => status !== 401).length
  t.comment(
    `${kills} kills during ${tally.rotated} rotations of ${CLIENTS} clients and ` +
      `${gone.length} logouts: ${JSON.stringify({ lost, ...tally })}`
  )
  t.ok(gone.length >= kills)
  t.same(tally.others, [])
  return { tally, lost }
}

const redis = { skip: skipUnless(redisProgram, 'redis-server') }
const postgres = { skip: skipUnless(postgresProgram, 'postgres') }

t.test('a killed Redis with appendfsync always loses no rotation and no logout', redis, async t => {
  const { tally, lost } = await killAgainAndAgain(
    t, await startRedis(t, ['--appendonly', 'yes', '--appendfsync', 'always'])
  )
  t.match(lost, { pairs: 0, logouts: 0 })
  t.equal(tally['locked out'], 0)
})

t.test('a killed PostgreSQL loses no rotation and no logout', postgres, async t => {
  const { tally, lost } = await killAgainAndAgain(t, await startPostgres(t))
  t.match(lost, { pairs: 0, logouts: 0 })
  t.equal(tally['locked out'], 0)
})

t.test('a killed Redis with appendfsync everysec loses at most two seconds', redis, async t => {
  const { tally, lost } = await killAgainAndAgain(
    t, await startRedis(t, ['--appendonly', 'yes', '--appendfsync', 'everysec'])
  )
  t.ok(lost.oldest <= 2000, `${lost.oldest} ms`)
  t.ok(tally['locked out'] === 0 || lost.pairs > 0, 'only a lost pair locks a client out')
})

t.test('control: a killed Redis without a file loses every pair', redis, async t => {
  const { tally, lost } = await killAgainAndAgain(t, await startRedis(t), 1)
  t.equal(lost.pairs, CLIENTS)
  t.equal(tally['locked out'], CLIENTS)
})

t.test('control: a killed PostgreSQL with asynchronous commit loses pairs', postgres, async t => {
  const { tally, lost } = await killAgainAndAgain(
    t,
    await startPostgres(t, {
      synchronous_commit: 'off',
      wal_writer_delay: '10s',
      wal_writer_flush_after: '100MB'
    }),
    // PostgreSQL may write its log a few milliseconds before one of the kills.
    3
  )
  t.ok(lost.pairs > 0, `${lost.pairs} pairs`)
  t.ok(tally['locked out'] > 0, `${tally['locked out']} lockouts`)
})
