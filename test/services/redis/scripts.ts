import t from 'tap'
import { HOUR, NOW, SECOND, presentation, session } from '../../../plugin/store-contract/case.ts'
import * as scripts from '../../../plugin/stores/redis/scripts.ts'
import { redisStore } from '../../../plugin/stores/redis.ts'
import { connectTo } from '../../fixtures/stores/redis-clients.ts'
import { redisProgram, startRedis } from '../../fixtures/servers/redis.ts'
import { skipUnless } from '../../fixtures/servers/programs.ts'

t.test('a server', { skip: skipUnless(redisProgram, 'redis-server') }, async t => {
  const client = connectTo(t, await startRedis(t))
  t.beforeEach(() => client.flushall())
  const store = redisStore(client)

  /** Milliseconds for which the keys of a pattern still live. */
  const lives = async (pattern: string): Promise<number[]> =>
    Promise.all((await client.keys(pattern)).map(key => client.pttl(key)))
  /** Whether a time is the one that is left of a lifetime which has just begun. */
  const isLeftOf = (lifetime: number, left: number | undefined): boolean =>
    left !== undefined && left <= lifetime && left > lifetime - 30 * SECOND

  t.test('the server knows each script by the name that we have for it', async t => {
    for (const [name, script] of Object.entries(scripts)) {
      if ('lua' in script) t.equal(await client.script('LOAD', script.lua), script.sha, name)
    }
  })

  const adopted = session({ adoptedUntil: NOW + 2000 * HOUR })
  const VERBS: [verb: string, keys: number, call: () => Promise<unknown>][] = [
    ['create', 3, () => store.create(session())],
    ['adopt', 3, () => store.adopt(adopted)],
    ['rotate', 3, () => store.rotate(presentation('t0', 't1'))],
    ['reuse', 4, () => store.rotate(presentation('forged', 't1'))],
    ['revoke', 4, () => store.revoke('s', NOW)],
    ['revokeUser', 4, () => store.revokeUser('7', NOW)]
  ]
  for (const [verb, count, call] of VERBS) {
    t.test(`every key that ${verb} writes expires`, async t => {
      if (!['create', 'adopt'].includes(verb)) await store.create(session())
      await call()
      const times = await lives('*')
      t.equal(times.length, count, 'the session, the index of its user and the sets that it is in')
      t.ok(times.every(time => time > 0), times.join())
    })
  }

  t.test('a session key expires an hour after its end, whatever the local clock says', async t => {
    for (const createdAt of [NOW, 0, 4 * NOW]) {
      const sid = `at${createdAt}`
      const lifetime = 721 * HOUR
      await store.create(
        session({
          sid,
          createdAt,
          issuedAt: createdAt,
          expiresAt: createdAt + HOUR,
          endsAt: createdAt + 720 * HOUR
        })
      )
      t.ok(isLeftOf(lifetime, (await lives(`*:session:${sid}`))[0]), sid)
      const now = createdAt + HOUR - 1
      t.equal((await store.rotate(presentation('t0', 't1', now, { sid }))).outcome, 'rotated')
      await store.revoke(sid, now)
      t.ok(
        isLeftOf(lifetime, (await lives(`*:session:${sid}`))[0]),
        'and neither a refresh nor an end puts it off'
      )
    }
  })

  t.test('an adopted session key expires an hour after the token that it came from', async t => {
    await store.adopt(adopted)
    t.ok(isLeftOf(2001 * HOUR, (await lives('*:session:s'))[0]))
  })

  t.test('the index and the sets live as long as the longest session', async t => {
    const names = ['long', 'short'].map(sid =>
      session({ sid, endsAt: NOW + (sid === 'long' ? 720 : 24) * HOUR })
    )
    for (const order of [names, [...names].reverse()]) {
      await client.flushall()
      // Sixteen of each, so that some of the two are in one bucket.
      for (const each of order) {
        for (let index = 0; index < 16; index++) {
          await store.create({ ...each, sid: `${each.sid}${index}` })
        }
      }
      await store.revokeUser('7', NOW)
      t.ok(isLeftOf(721 * HOUR, (await lives('*:user:7'))[0]), 'the index')
      const buckets = (await client.keys('*:session:long*')).map(key =>
        key.replace(/session.*/, '')
      )
      for (const bucket of buckets) {
        for (const set of ['over', 'revoked']) {
          t.ok(isLeftOf(721 * HOUR, await client.pttl(`${bucket}${set}`)), `${bucket}${set}`)
        }
      }
    }
  })

  t.test('sweep: leaves no key of a session', async t => {
    for (let index = 0; index < 100; index++) {
      await store.create(session({ sid: `s${index}`, userId: `${index % 10}` }))
    }
    for (let index = 0; index < 100; index += 2) await store.revoke(`s${index}`, NOW)
    t.equal(await store.sweep(Infinity), 100)
    t.strictSame(await client.keys('*'), [])
  })

  t.test('a session that the server has deleted is swept out of its sets', async t => {
    await store.create(session())
    await store.revoke('s', NOW)
    await client.del(await client.keys('*:session:s'))
    t.equal(await store.sweep(NOW + HOUR), 0)
    t.strictSame(
      await client.keys('*'), ['simplejwt:user:7'], 'and leaves the index of its user in time'
    )
  })

  t.test('the clock is that of the server, in whole milliseconds', async t => {
    const [seconds] = await client.time()
    const time = Number(await client.call('eval', scripts.CLOCK.lua, 1, 'key'))
    t.ok(Number.isInteger(time))
    t.ok(Math.abs(time - Number(seconds) * 1000) < 30 * SECOND)
  })
})
