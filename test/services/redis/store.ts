import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import {
  ACCESS_LIFETIME, HOUR, NOW, SECOND, presentation, session
} from '../../../plugin/store-contract/case.ts'
import { storeContract } from '../../../plugin/store-contract.ts'
import { CLOCK, ROTATE } from '../../../plugin/stores/redis/scripts.ts'
import { redisStore } from '../../../plugin/stores/redis.ts'
import { forkLean } from '../../fixtures/servers/lean-children.ts'
import open, { redisIsAt } from '../../fixtures/stores/open-redis.ts'
import {
  connectTo, sending, versionBefore, withClock
} from '../../fixtures/stores/redis-clients.ts'
import { redisProgram, startRedis } from '../../fixtures/servers/redis.ts'
import { skipUnless } from '../../fixtures/servers/programs.ts'

forkLean()
const LATE = { message: 'The deadline of this call has passed.' }

t.test('a server', { skip: skipUnless(redisProgram, 'redis-server') }, async t => {
  const server = await startRedis(t)
  const client = connectTo(t, server)
  redisIsAt([server])

  t.test('contract', async t => {
    storeContract({
      test: (name, run) => t.test(name, run),
      open,
      module: new URL('../../fixtures/stores/open-redis.ts', import.meta.url)
    })
  })

  t.test('the store is shared', async t => {
    t.equal(redisStore(client).shared, true)
  })

  t.test('two prefixes on one client do not see each other', async t => {
    const [one, other] = [
      redisStore(client, { prefix: 'one:' }), redisStore(client, { prefix: 'other:' })
    ]
    await one.create(session())
    t.equal(await other.find('s'), null)
    t.strictSame(await other.list('7', NOW), [])
    await other.create(session({ jti: 'x0' }))
    t.equal((await one.rotate(presentation('t0', 't1'))).outcome, 'rotated')
    t.strictSame(await one.revokeUser('7', NOW), ['s'])
    t.strictSame(await other.revokedSince(NOW), [])
    t.equal(await one.sweep(NOW + HOUR), 1)
    t.strictSame(await other.list('7', NOW), [session({ jti: 'x0' })])
  })

  t.test('ten thousand refreshes of a session leave one key', async t => {
    const store = redisStore(client, { prefix: 'refreshes:' })
    await store.create(session())
    await store.rotate(presentation('t0', 't1'))
    const keys = (await client.keys('refreshes:*')).length
    for (let index = 1; index < 10_000; index++) {
      await store.rotate(presentation(`t${index}`, `t${index + 1}`))
    }
    t.equal((await client.keys('refreshes:*')).length, keys)
    t.equal((await client.keys('refreshes:*:session:*')).length, 1)
    t.match(await store.find('s'), { jti: 't10000' })
  })

  t.test('a rotation that the driver sends twice, since the answer was lost, is one', async t => {
    const resending = sending(client, async (send, ...given) => {
      await send(...given)
      return send(...given)
    })
    const store = redisStore(resending, { prefix: 'resent:' })
    await store.create(session())
    for (let index = 0; index < 5; index++) {
      t.match(
        await store.rotate(
          presentation(`t${index}`, `t${index + 1}`, NOW + index, { reuseInterval: 0 })
        ),
        { outcome: 'rotated', session: { jti: `t${index + 1}`, revokedAt: null } }
      )
    }
  })

  t.test('list and revokeUser: skip deleted sessions in the index of the user', async t => {
    const store = redisStore(client, { prefix: 'gone:' })
    for (const sid of ['gone', 'here']) await store.create(session({ sid }))
    await client.del(await client.keys('gone:*:session:gone'))
    t.strictSame((await store.list('7', NOW)).map(({ sid }) => sid), ['here'])
    t.strictSame(await store.revokeUser('7', NOW), ['here'])
    t.equal(await store.sweep(Infinity), 1, 'and so does a sweep')
  })

  t.test('the index forgets the sessions that are long gone', async t => {
    let ahead = 0
    const store = redisStore(withClock(client, () => ahead), { prefix: 'index:' })
    const index = (): Promise<string[]> => client.zrange('index:user:7', '0', '-1')
    const gone = 721 * HOUR
    for (const [sid, later, expected] of [
      ['a', 0, ['a']],
      ['b', gone - 60_000, ['a', 'b']],
      ['c', gone + 60_000, ['b', 'c']]
    ] as const) {
      ahead = later // as our clock, the server's
      await store.create(session({ sid, createdAt: NOW + later, endsAt: NOW + later + 720 * HOUR }))
      t.strictSame(await index(), expected)
    }
    await store.sweep(Infinity)
    t.strictSame(await index(), [])
  })

  t.test('a process whose clock is far ahead hides no session of the others', async t => {
    const store = redisStore(client, { prefix: 'ahead:' })
    await store.create(session())
    await store.create(
      session({
        sid: 'ahead',
        createdAt: NOW + 9000 * HOUR,
        endsAt: NOW + 9720 * HOUR,
        expiresAt: NOW + 9024 * HOUR
      })
    )
    t.strictSame((await store.revokeUser('7', NOW)).sort(), ['ahead', 's'])
  })

  t.test('sweep: a machine whose clock is ahead deletes no row too early', async t => {
    const store = redisStore(withClock(client, () => -HOUR), { prefix: 'sweeper:' })
    await store.create(session())
    await store.revoke('s', NOW)
    const deadFrom = NOW + ACCESS_LIFETIME
    t.equal(await store.sweep(deadFrom + HOUR - SECOND), 0)
    t.equal(await store.sweep(deadFrom + HOUR + SECOND), 1)
  })

  t.test('a session that an older version revoked is kept, listed and swept in time', async t => {
    const store = redisStore(client, { prefix: 'older:' })
    await store.create(session())
    const [key] = await client.keys('older:*:session:s') as [string]
    const bucket = key.replace(/session:s$/, '')
    // As the older version did: it wrote no access lifetime, and its own idea of `over`.
    await client.hdel(key, 'accessLifetime')
    await client.hset(key, 'revokedAt', NOW)
    await client.zadd(`${bucket}revoked`, NOW, 's')
    await client.zadd(`${bucket}over`, NOW, 's')
    t.equal(await store.sweep(NOW + HOUR), 0, 'its tokens may live for a day')
    t.strictSame(await store.revokedSince(NOW), [
      { sid: 's', revokedAt: NOW, accessExpiresAt: NOW + 24 * HOUR }
    ])
    t.equal(await store.sweep(NOW + 24 * HOUR + SECOND), 1)
  })

  t.test('a worker of the version before and a new one share the sessions of clients', async t => {
    const prefix = 'mixed:'
    const store = redisStore(client, { prefix })
    const older = redisStore(versionBefore(client), { prefix })
    const grant = { clientId: 'photo-printer', scope: 'photos:read' }
    await older.create(session({ sid: 'own' }))
    await store.create(session({ sid: 'granted', ...grant }))
    const own = { clientId: null, scope: null }
    t.match(await store.find('own'), own)
    t.equal((await older.list('7', NOW)).length, 2)
    for (const [presented, next, rotating] of [['t0', 't1', older], ['t1', 't2', store]] as const) {
      for (const [sid, expected] of [['own', own], ['granted', grant]] as const) {
        const { outcome } = await rotating.rotate(presentation(presented, next, NOW, { sid }))
        t.equal(outcome, 'rotated', `${sid} ${next}`)
        t.match(await store.find(sid), { jti: next, ...expected })
      }
    }
    t.same((await older.revokeUser('7', NOW)).sort(), ['granted', 'own'])
    t.match(await store.find('granted'), { revokedAt: NOW, ...grant })
    t.equal(await older.sweep(NOW + ACCESS_LIFETIME + SECOND), 2)
  })

  t.test('revokedSince: needs no other set for a session that has left it', async t => {
    const store = redisStore(client, { prefix: 'left:' })
    await store.create(session())
    await store.revoke('s', NOW)
    await client.del(await client.keys('left:*:over'))
    t.strictSame(await store.revokedSince(NOW), [
      { sid: 's', revokedAt: NOW, accessExpiresAt: NOW }
    ])
  })

  t.test('rotate: is not sent if its deadline passes while the clock is read', async t => {
    const scripts: unknown[] = []
    const store = redisStore(
      sending(client, async (send, ...given) => {
        scripts.push(given[1])
        await sleep(300)
        return send(...given)
      })
    )
    await t.rejects(
      store.rotate(presentation('t0', 't1', NOW, { deadline: Date.now() + 200 })), LATE
    )
    t.ok(scripts.includes(CLOCK.sha))
    t.notOk(scripts.includes(ROTATE.sha))
  })

  t.test('a clock of the server that is set forward is measured again', async t => {
    let ahead = 0
    const store = redisStore(withClock(client, () => ahead), { prefix: 'forward:' })
    await store.create(session())
    t.equal((await store.rotate(presentation('t0', 't1'))).outcome, 'rotated')
    ahead = HOUR
    t.equal((await store.rotate(presentation('t1', 't2'))).outcome, 'rotated')
  })
})
