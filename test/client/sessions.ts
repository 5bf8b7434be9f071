import t from 'tap'
import { AuthError } from '../../plugin/client/index.ts'
import { createPageFetch } from '../fixtures/client/page-fetch.ts'
import { createStorage } from '../fixtures/client/storages.ts'
import { openWorld } from '../fixtures/client/world.ts'

t.test('sessions: lists the logins of the user', async t => {
  const { logIn, expire, refreshes } = await openWorld(t)
  const [here, there] = [await logIn(), await logIn()]
  expire()
  const sessions = await here.sessions()
  t.same(refreshes(), ['200'], 'with a new token')
  t.equal(sessions.length, 2)
  t.match(sessions.find(({ current }) => current), {
    sid: here.user?.sid, created_at: /^2026-/, address: '127.0.0.1'
  })
  t.match(sessions.find(({ current }) => !current), { sid: there.user?.sid })
})

t.test('endSession: revokes another login of the user', async t => {
  const { logIn, call } = await openWorld(t)
  const [here, there] = [await logIn(), await logIn()]
  await here.endSession(there.user?.sid as string)
  t.equal((await there.fetch('/hello/')).status, 401)
  t.same(await call(here, 5), { 200: 5 })
  t.equal((await here.sessions()).length, 1)
})

t.test('endSession: logs out if the session is its own', async t => {
  const { logIn, app } = await openWorld(t)
  const storage = createStorage()
  const client = await logIn({ storage })
  await client.endSession(client.user?.sid as string)
  t.same([client.user, storage.token], [null, null])
  t.same(await app.tokens.sessions(1), [])
})

t.test('endSession: throws for a session that the user does not have', async t => {
  const { logIn, proxy } = await openWorld(t)
  const client = await logIn()
  await t.rejects(client.endSession('a/b?c'), { name: 'AuthError', status: 404 })
  t.match(proxy.log, [{ method: 'DELETE', url: '/api/token/sessions/a%2Fb%3Fc' }])
  t.ok(client.user)
})

t.test('sessions: throws an AuthError for each failure', async t => {
  const { connect, logIn, proxy } = await openWorld(t)
  await t.rejects(connect().sessions(), { name: 'AuthError', status: 401 })
  await t.rejects(connect().endSession('s1'), { name: 'AuthError', status: 401 })
  const client = await logIn()
  proxy.answer = () => ({ status: 503, headers: { 'retry-after': '7' } })
  await t.rejects(client.sessions(), { code: 'unavailable', status: 503, retryAfter: 7 })
  proxy.answer = () => ({ status: 200, body: '<h1>Please pay</h1>' })
  await t.rejects(client.sessions(), { code: 'unavailable' }, 'a captive portal')
  proxy.isDown = true
  const error = await client.sessions().catch(error => error)
  t.ok(error instanceof AuthError)
  t.match(error, { code: 'unavailable', cause: { message: 'fetch failed' } })
  t.ok(client.user)
})

t.test('sessions: are those of the cookie', async t => {
  const { logIn } = await openWorld(t, { cookie: true })
  const client = await logIn({ storage: 'cookie', fetch: createPageFetch().fetch })
  t.match(await client.sessions(), [{ sid: client.user?.sid, current: true }])
})

t.test('token: is one that the guard accepts', async t => {
  const { logIn, connect, expire, hello, moveClock, refreshes } = await openWorld(t)
  t.equal(await connect().token(), null)
  const client = await logIn()
  const first = await client.token() as string
  t.equal((await hello(first)).statusCode, 200)
  expire()
  const second = await client.token() as string
  t.equal((await hello(second)).statusCode, 200)
  moveClock(280_000)
  t.not(await client.token(), second, 'one that expires soon is replaced before')
  t.same(refreshes(), ['200', '200'])
})

t.test('endSession: rejects if the server cannot be reached', async t => {
  const { logIn, proxy } = await openWorld(t)
  const [here, there] = [await logIn(), await logIn()]
  proxy.isDown = true
  await t.rejects(here.endSession(there.user?.sid as string), { code: 'unavailable' })
})

t.test('sessions: lists no sessions of another user', async t => {
  const { logIn, expire, proxy } = await openWorld(t)
  const client = await logIn()
  expire()
  const login = client.login({ username: 'maria', password: '456' })
  await t.rejects(client.sessions(), { name: 'AuthError', code: 'user_changed' })
  await login
  t.same(proxy.statusesOf('/api/token/sessions/'), [])
})
