import { setTimeout as delay } from 'node:timers/promises'
import t from 'tap'
import { createStorage } from '../fixtures/client/storages.ts'
import { type World, openWorld } from '../fixtures/client/world.ts'
import type { Test } from '../fixtures/servers/home.ts'

const VITOR = { username: 'vitor', password: '123' }
const MARIA = { username: 'maria', password: '456' }
const nameOf = ({ url }: World): string => `fastify-simplejwt ${url}/api/token`

/** Longer than a message takes between two tabs. */
const heard = (): Promise<void> => delay(50)

/** Posts a message as another tab does. */
function post (t: Test, world: World, ...messages: unknown[]): void {
  const channel = new BroadcastChannel(nameOf(world))
  t.after(() => channel.close())
  for (const message of messages) channel.postMessage(message)
}

t.test('tabs: learn of a login, a refresh and a logout in another tab', async t => {
  const { connect, expire, call, proxy } = await openWorld(t)
  const storage = createStorage()
  const changes: unknown[] = []
  const here = connect({ storage })
  const there = connect({ storage, onChange: user => { changes.push(user?.user_id) } })
  const user = await here.login(VITOR)
  await heard()
  t.same(there.user, user)
  t.same(await call(there, 5), { 200: 5 })

  expire()
  t.same(await call(here, 5), { 200: 5 })
  await heard()
  t.same(await call(there, 5), { 200: 5 })
  t.same(proxy.statusesOf('/api/token/'), ['200', '200'], 'one login and one refresh for both')

  await here.login(MARIA)
  await heard()
  t.equal(there.user?.user_id, '3')
  await here.logout()
  await heard()
  t.equal(there.user, null)
  t.same(await call(there, 5), { 401: 5 })
  t.same(changes, ['1', '3', undefined])
  t.equal(proxy.statusesOf('/api/token/').length, 4)
})

t.test('tabs: learn that the server has revoked the session at their next refresh', async t => {
  const { connect, logIn, app, refreshes, call } = await openWorld(t)
  const storage = createStorage()
  const [here, there] = [await logIn({ storage }), connect({ storage })]
  await there.token()
  await app.tokens.revokeUser(1)
  t.equal((await here.fetch('/hello/')).status, 401)
  t.equal((await there.fetch('/hello/')).status, 401)
  t.same([there.user, storage.token], [null, null])
  t.same(refreshes(), ['200', '401'])
  await delay(50)
  t.same(await call(here, 2), { 401: 2 })
  t.equal(here.user, null)
})

t.test('tabs: follow no other login if each has its own storage', async t => {
  const { connect, logIn, call } = await openWorld(t)
  const [here, there] =
    [await logIn({ storage: createStorage() }), await logIn({ storage: createStorage() })]
  const visitor = connect({ storage: createStorage() })
  const user = there.user
  await here.login(MARIA)
  await heard()
  t.equal(there.user, user)
  await here.logout()
  await heard()
  t.equal(there.user, user)
  t.same(await call(there, 5), { 200: 5 })
  await visitor.token()
  t.equal(visitor.user, null)
})

t.test('tabs: a logout without a login ends no login of another storage', async t => {
  const { connect, logIn, call } = await openWorld(t)
  const storage = createStorage()
  const before = await logIn({ storage })
  before.close()
  const reloaded = connect({ storage })
  await connect({ storage: createStorage() }).logout()
  await heard()
  t.same(await call(reloaded, 5), { 200: 5 })
})

t.test('tabs: a duplicated tab gets the successor of its refresh token', async t => {
  const { connect, logIn, expire, clock, call, refreshes } = await openWorld(t)
  const [storage, copy] = [createStorage(), createStorage()]
  const here = await logIn({ storage })
  copy.token = storage.token
  const there = connect({ storage: copy })
  t.same(await call(there, 5), { 200: 5 })
  for (let round = 0; round < 3; round++) {
    await heard()
    t.equal(copy.token, storage.token)
    expire()
    clock.advance(60_000)
    t.same(await call(round % 2 ? here : there, 5), { 200: 5 })
  }
  t.equal(refreshes().length, 4)
})

t.test('tabs: a message with an older token replaces no newer one', async t => {
  const world = await openWorld(t)
  const { logIn, expire, call, refreshes } = world
  const storage = createStorage()
  const client = await logIn({ storage })
  const old = {
    sid: client.user?.sid,
    access: await client.token(),
    refresh: storage.token,
    expiresMs: Date.now() + 1e9,
    expires: Date.now() + 1e9
  }
  expire()
  const access = await client.token()
  const { token } = storage
  post(t, world, old)
  await heard()
  t.equal(await client.token(), access)
  t.equal(storage.token, token)
  t.same(await call(client, 5), { 200: 5 })
  t.equal(refreshes().length, 1)
})

t.test('tabs: a message of unknown form is harmless', async t => {
  const world = await openWorld(t)
  const { connect, logIn, call, expire } = world
  const storage = createStorage()
  const client = await logIn({ storage })
  const fresh = connect({ storage })
  const { user } = client
  post(t, world, null, undefined, 7, 'text', [], {}, { type: 'new' }, { sid: null }, { sid: {} },
    { sid: 'other' }, { access: 'a.b.c' }, { sid: 'other', access: 7 }, new Map())
  await heard()
  t.equal(client.user, user)
  t.same(await call(client, 5), { 200: 5 })
  expire()
  t.same(await call(client, 5), { 200: 5 })
  t.same(await call(fresh, 5), { 200: 5 })
})

t.test('close: stops following other tabs', async t => {
  const { logIn, connect, call } = await openWorld(t)
  const storage = createStorage()
  const [here, there] = [connect({ storage }), connect({ storage })]
  there.close()
  there.close()
  await here.login(VITOR)
  await heard()
  t.equal(there.user, undefined)
  t.same(await call(there, 5), { 200: 5 }, 'its methods still work')
  await there.logout()
  await heard()
  t.ok(here.user, 'and tell no other tab')
  await logIn({ storage })
})

t.test('tabs: need no channel', async t => {
  const { BroadcastChannel } = globalThis
  Reflect.deleteProperty(globalThis, 'BroadcastChannel')
  t.after(() => { globalThis.BroadcastChannel = BroadcastChannel })
  const { connect, logIn, expire, call, refreshes } = await openWorld(t)
  const storage = createStorage()
  const [here, there] = [await logIn({ storage }), connect({ storage })]
  await there.token()
  for (let round = 0; round < 5; round++) {
    expire()
    t.same(await Promise.all([call(here, 20), call(there, 20)]), [{ 200: 20 }, { 200: 20 }])
  }
  t.equal(refreshes().length, 11, 'each refreshes for itself')
  await here.logout()
  t.same(await call(there, 5), { 401: 5 })
  t.equal(there.user, null)
  here.close()
})
