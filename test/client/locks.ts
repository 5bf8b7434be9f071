import { setTimeout as delay } from 'node:timers/promises'
import t from 'tap'
import { installLocks } from '../fixtures/client/fake-locks.ts'
import { speedUp } from '../fixtures/client/fast-time.ts'
import { createAsyncStorage, createStorage } from '../fixtures/client/storages.ts'
import { type World, openWorld } from '../fixtures/client/world.ts'

const VITOR = { username: 'vitor', password: '123' }
const nameOf = ({ url }: World): string => `fastify-simplejwt ${url}/api/token`

/** For tests that hang if the client waits for a lock. */
const LIMITED = { timeout: 20_000 }

t.test('locks: two tabs make one refresh, in each of ten rounds', async t => {
  const locks = installLocks(t)
  const world = await openWorld(t)
  const { connect, logIn, expire, call, refreshes, proxy } = world
  const storage = createStorage()
  const [here, there] = [await logIn({ storage }), connect({ storage })]
  await there.token()
  const counts: number[] = []
  for (let round = 0; round < 10; round++) {
    await delay(60)
    expire()
    proxy.log.length = 0
    t.same(await Promise.all([call(here, 5), call(there, 5)]), [{ 200: 5 }, { 200: 5 }])
    t.same(new Set(refreshes()), new Set(['200']))
    counts.push(refreshes().length)
  }
  // On a busy machine a message may take longer than the lock is kept.
  t.ok(counts.reduce((sum, count) => sum + count) <= 15, counts.join())
  await delay(100)
  t.equal(locks.held.size, 0)
})

t.test('locks: the next tab gets the message before the lock', async t => {
  const locks = installLocks(t)
  const world = await openWorld(t)
  const { logIn } = world
  const client = await logIn({ storage: createStorage() })
  t.ok(locks.held.has(nameOf(world)), 'the call goes on while the lock is kept')
  await delay(25)
  t.ok(locks.held.has(nameOf(world)))
  await delay(100)
  t.equal(locks.held.size, 0)
  t.ok(client.user)
})

t.test('locks: without one, no login of another tab is overwritten', async t => {
  installLocks(t)
  const { connect, logIn, expire, app } = await openWorld(t)
  const storage = createAsyncStorage()
  const [here, there] = [await logIn({ storage }), connect({ storage })]
  await there.token()
  expire()
  const call = there.fetch('/hello/')
  await here.login({ username: 'maria', password: '456' })
  await call.catch(() => {})
  t.match(await app.tokens.verify(storage.token as string), { user_id: '3' })
})

t.test('locks: a lock that does not come is passed by', LIMITED, async t => {
  const locks = installLocks(t)
  const world = await openWorld(t)
  const { logIn, expire, call, refreshes } = world
  const client = await logIn({ storage: createStorage() })
  await delay(60)
  const thaw = locks.freeze(nameOf(world))
  expire()
  speedUp(t)
  const started = performance.now()
  t.same(await call(client, 100), { 200: 100 })
  const waitedMs = performance.now() - started
  t.ok(waitedMs >= 4900 && waitedMs < 25_000, 'after five seconds')
  thaw()
  await delay(60)
  t.same(refreshes(), ['200'], 'a lock that comes later repeats nothing')
  t.equal(locks.held.size, 0, 'and is not kept')
})

t.test('locks: a logout needs no lock either', LIMITED, async t => {
  const locks = installLocks(t)
  const world = await openWorld(t)
  const { logIn, app } = world
  const client = await logIn({ storage: createStorage() })
  await delay(60)
  locks.freeze(nameOf(world))
  speedUp(t)
  await client.logout()
  t.same(await app.tokens.sessions(1), [])
})

t.test('locks: a browser that refuses them is one without', LIMITED, async t => {
  const locks = installLocks(t)
  locks.reject()
  const { connect, expire, call, refreshes } = await openWorld(t)
  const client = connect({ storage: createStorage() })
  const started = performance.now()
  await client.login(VITOR)
  t.ok(performance.now() - started < 4000, 'the client does not wait for a lock')
  expire()
  t.same(await call(client, 20), { 200: 20 })
  t.same(refreshes(), ['200'])
  await client.logout()
})

t.test('locks: a failure passes, and lets the lock go', async t => {
  const locks = installLocks(t)
  const { connect } = await openWorld(t)
  const client = connect({ storage: createStorage() })
  const wrong = { username: 'vitor', password: 'wrong' }
  await t.rejects(client.login(wrong), { code: 'no_active_account' })
  await delay(100)
  t.equal(locks.held.size, 0)
  await client.login(VITOR)
})

t.test('locks: are not held while a listener waits', LIMITED, async t => {
  const locks = installLocks(t)
  const { connect } = await openWorld(t)
  const client = connect({ storage: createStorage() })
  const listener = new Promise<number>((resolve, reject) => {
    const stop = client.onChange(async () => {
      stop()
      await client.login(VITOR)
      client.fetch('/hello/').then(({ status }) => resolve(status), reject)
      await new Promise(() => {})
    })
  })
  await client.login(VITOR)
  t.equal(await listener, 200)
  await delay(100)
  t.equal(locks.held.size, 0)
})

t.test('locks: a login in memory needs none', async t => {
  const locks = installLocks(t)
  const { logIn, expire, call } = await openWorld(t)
  const client = await logIn()
  expire()
  t.same(await call(client, 5), { 200: 5 })
  t.equal(locks.count, 0)
})
