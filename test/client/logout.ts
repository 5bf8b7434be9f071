import { setTimeout as delay } from 'node:timers/promises'
import t from 'tap'
import { expired } from '../fixtures/client/expired-client.ts'
import { json, noNetwork } from '../fixtures/client/fake-server.ts'
import { createPageFetch } from '../fixtures/client/page-fetch.ts'
import { createAsyncStorage, createStorage } from '../fixtures/client/storages.ts'
import { openWorld } from '../fixtures/client/world.ts'

t.test('logout: resolves when the server has revoked the session', async t => {
  const { logIn, app, proxy, hello } = await openWorld(t)
  const client = await logIn()
  const access = await client.token() as string
  proxy.delayAfter = () => 50
  await client.logout()
  t.same(proxy.statusesOf('/'), ['200'])
  t.equal(client.user, null)
  t.equal(await client.token(), null)
  t.equal((await hello(access)).statusCode, 401)
  t.same(await app.tokens.sessions(1), [])
})

t.test('logout: revokes the session of the cookie, and removes it', async t => {
  const { logIn, connect, app, proxy } = await openWorld(t, { cookie: true })
  const page = createPageFetch()
  const options = { storage: 'cookie', fetch: page.fetch } as const
  const client = await logIn(options)
  t.equal(page.cookies.size, 1)
  await client.logout()
  t.same(await app.tokens.sessions(1), [])
  t.equal(page.cookies.size, 0)
  t.equal((await connect(options).fetch('/hello/')).status, 401, 'nor is a reload logged in')

  proxy.log.length = 0
  await connect(options).logout()
  t.same(proxy.statusesOf('/'), ['401'], 'the page cannot see whether there is a cookie')
})

t.test('logout: resolves if the session was revoked before', async t => {
  const { logIn, app, proxy } = await openWorld(t)
  const client = await logIn()
  await app.tokens.revokeUser(1)
  await client.logout()
  t.equal(client.user, null)
  t.same(proxy.statusesOf('/'), ['401'])
})

t.test('logout: sends nothing if no user is logged in', async t => {
  const { connect, logIn, proxy } = await openWorld(t)
  const client = connect()
  await client.logout()
  t.equal(client.user, null)
  await connect({ storage: createStorage() }).logout()
  const other = await logIn()
  await other.logout()
  await other.logout()
  t.same(proxy.statusesOf('/'), ['200'])
})

t.test('logout: rejects while the server is away, and the user is still logged in', async t => {
  const storage = createStorage()
  const heard: unknown[] = []
  for (const [failure, error] of [
    [json(503), { status: 503 }], [noNetwork, { status: undefined }]
  ] as const) {
    const onChange = (user: unknown): void => { heard.push(user) }
    const { client, server, waits } = await expired(t, [failure], { storage, onChange })
    const { user } = client
    const { token } = storage
    heard.length = 0
    await t.rejects(client.logout(), { name: 'AuthError', code: 'unavailable', ...error })
    t.same(waits(), [0, 250, 750, 1750, 2750, 3750, 4750, 5750, 6750, 7750])
    t.equal(client.user, user)
    t.equal(storage.token, token)
    t.same(heard, [])
    server.script = [failure, json(200)]
    await client.logout()
    t.equal(client.user, null)
    t.equal(storage.token, null)
  }
})

t.test('logout: rejects a refusal that is a mistake of the setup', async t => {
  const { client, waits } = await expired(t, [json(403, { code: 'csrf_failed' })])
  await t.rejects(client.logout(), { code: 'csrf_failed', status: 403 })
  t.same(waits(), [0])
  t.ok(client.user)
})

t.test('logout: revokes all sessions of the user', async t => {
  for (const isExpired of [false, true]) {
    const { logIn, expire, app } = await openWorld(t)
    const [here, there] = [await logIn(), await logIn()]
    if (isExpired) expire()
    await here.logout({ everywhere: true })
    t.equal(here.user, null)
    t.same(await app.tokens.sessions(1), [])
    t.equal((await there.fetch('/hello/')).status, 401)
    t.equal(there.user, null)
  }
})

t.test('logout: revokes only its own session by default', async t => {
  const { logIn, call } = await openWorld(t)
  const [here, there] = [await logIn(), await logIn()]
  await here.logout({})
  t.same(await call(there, 5), { 200: 5 })
})

t.test('logout: needs no login to revoke all sessions', async t => {
  const { connect, logIn, app } = await openWorld(t)
  await connect().logout({ everywhere: true })
  const client = await logIn()
  await app.tokens.revokeUser(1)
  await client.logout({ everywhere: true })
  t.equal(client.user, null)
})

t.test('logout: keeps the login if the server does not revoke all sessions', async t => {
  const { logIn, proxy } = await openWorld(t)
  const client = await logIn()
  proxy.answer = () => ({ status: 503 })
  await t.rejects(client.logout({ everywhere: true }), { code: 'unavailable', status: 503 })
  proxy.isDown = true
  await t.rejects(client.logout({ everywhere: true }), { code: 'unavailable' })
  t.ok(client.user)
})

t.test('logout: lets no refresh that is under way put tokens back', async t => {
  for (let round = 0; round < 20; round++) {
    const { connect, logIn, expire, proxy, app } = await openWorld(t)
    const storage = round % 2 ? createStorage() : createAsyncStorage()
    const [here, there] = [await logIn({ storage }), connect({ storage })]
    await there.token()
    expire()
    proxy.delayBefore = proxy.delayAfter = () => Math.random() * 20
    const calls = [here, here, there, there].map(client => client.fetch('/hello/'))
    await delay(Math.random() * 60)
    await here.logout()
    for (const call of calls) t.match((await call).status, /^(200|401)$/)
    await there.fetch('/hello/')
    t.same([here.user, there.user, storage.token], [null, null, null])
    t.same(await app.tokens.sessions(1), [])
    t.equal((await connect({ storage }).fetch('/hello/')).status, 401, 'a reload is not logged in')
  }
})

t.test('logout: a refresh of another tab by cookie puts no user back', async t => {
  const { connect, logIn, expire, proxy, refreshes } = await openWorld(t, { cookie: true })
  const options = { storage: 'cookie', fetch: createPageFetch().fetch } as const
  const [here, there] = [await logIn(options), connect(options)]
  await there.token()
  expire()
  proxy.log.length = 0
  proxy.delayAfter = ({ url }) => url === '/api/token/refresh/' ? 300 : 0
  const call = there.fetch('/hello/')
  while (refreshes()[0] !== '200') await delay(5)
  await here.logout()
  await call
  t.same([here.user, there.user], [null, null])
  t.equal(await there.token(), null)
})
