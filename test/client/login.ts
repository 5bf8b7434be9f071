import t from 'tap'
import { AuthError } from '../../plugin/client/index.ts'
import { expired } from '../fixtures/client/expired-client.ts'
import { json, noAnswer, noNetwork, page } from '../fixtures/client/fake-server.ts'
import { createPageFetch } from '../fixtures/client/page-fetch.ts'
import { openWorld } from '../fixtures/client/world.ts'

const VITOR = { username: 'vitor', password: '123' }
const MARIA = { username: 'maria', password: '456' }

t.test('login: returns the claims that stay the same', async t => {
  const { connect } = await openWorld(t, { claims: () => ({ role: 'admin' }) })
  const client = connect()
  t.equal(client.user, null)
  const user = await client.login(VITOR)
  t.equal(client.user, user)
  t.same(Object.keys(user).sort(), ['role', 'sid', 'user_id'])
  t.match(user, { user_id: '1', role: 'admin' })
})

t.test('login: reads claims that are not ASCII', async t => {
  const { connect } = await openWorld(t, { claims: () => ({ name: 'Zoë Ærø 日本 🦊??>>' }) })
  t.equal((await connect().login(VITOR)).name, 'Zoë Ærø 日本 🦊??>>')
})

t.test('login: sends the fields that the server takes', async t => {
  const { connect } = await openWorld(t, {
    usernameField: 'email',
    verifyCredentials: ({ username, otp }) =>
      username === 'v@example' && otp === 7 ? { id: 5 } : null
  })
  const user = await connect().login({ email: 'v@example', password: 'x', otp: 7 })
  t.equal(user.user_id, '5')
})

t.test('login: throws the code of the server', async t => {
  const { connect, logIn, proxy, call } = await openWorld(t)
  const wrong = { username: 'vitor', password: 'wrong' }
  const client = connect()
  await t.rejects(client.login(wrong), {
    name: 'AuthError',
    code: 'no_active_account',
    status: 401,
    message: 'No active account found with the given credentials',
    body: { code: 'no_active_account' }
  })
  await t.rejects(client.login(wrong), AuthError)
  await t.rejects(client.login({}), { name: 'AuthError', status: 400 })
  t.equal(client.user, null)

  const other = await logIn()
  await t.rejects(other.login(wrong), { code: 'no_active_account' })
  t.match(other.user, { user_id: '1' }, 'the login before is not lost')
  t.same(await call(other, 5), { 200: 5 })
  t.equal(proxy.statusesOf('/api/token/').length, 1, 'a login is sent once')
})

t.test('login: says how long to wait if it is throttled', async t => {
  const { connect, proxy } = await openWorld(t, { rateLimit: {} })
  const client = connect()
  const wrong = { username: 'vitor', password: 'wrong' }
  for (let count = 1; count <= 5; count++) {
    await t.rejects(client.login(wrong), { code: 'no_active_account' })
  }
  await t.rejects(client.login(wrong), { code: 'throttled', status: 429, retryAfter: Number })
  t.equal(proxy.log.length, 6)
})

t.test('login: is never sent again', async t => {
  const cases = {
    'a status of 503': [json(503, {}, { 'retry-after': '1' }), { status: 503, retryAfter: 1 }],
    'a page of a proxy': [page(502), { status: 502, message: 'The server answered 502.' }],
    'no network': [noNetwork, { status: undefined, cause: { message: 'fetch failed' } }],
    'no answer': [noAnswer, { status: undefined, cause: { name: 'AbortError' } }],
    'a page of a captive portal': [page(200), { status: undefined }],
    'JSON of a captive portal': [json(200, { hello: 1 }), {}]
  } as const
  for (const [name, [answer, error]] of Object.entries(cases)) {
    const { client, server } = await expired(t, [])
    const { user } = client
    const started = performance.now()
    let requests = 0
    server.logIn = () => {
      requests++
      return answer()
    }
    await t.rejects(client.login(VITOR), { name: 'AuthError', code: 'unavailable', ...error }, name)
    t.equal(requests, 1)
    t.equal(client.user, user, 'the login before is not lost')
    t.equal(performance.now() - started, answer === noAnswer ? 30_000 : 0)
  }
})

t.test('login: says so if the server is in the other mode', async t => {
  const on = await openWorld(t, { cookie: true })
  const page = { fetch: createPageFetch().fetch }
  const client = on.connect(page)
  await t.rejects(client.login(VITOR), {
    code: 'invalid', message: 'Cookie mode is on there: see the option "storage".'
  })
  t.equal(client.user, null)
  const off = await openWorld(t)
  await t.rejects(off.connect({ storage: 'cookie', ...page }).login(VITOR), {
    code: 'invalid', message: 'Cookie mode is off there: see the option "storage".'
  })
})

t.test('login: waits for the refresh under way, so that its tokens come last', async t => {
  const { logIn, expire, proxy, call } = await openWorld(t)
  const client = await logIn()
  expire()
  proxy.delayAfter = ({ url }) => url === '/api/token/refresh/' ? 100 : 0
  const calls = call(client, 5, '/who/')
  const user = await client.login(MARIA)
  t.equal(user.user_id, '3')
  await calls
  t.equal(client.user, user)
  expire()
  const reply = await client.fetch('/who/')
  t.match(await reply.json(), { user_id: '3' })
})

t.test('fetch: sends no call of one user as another', async t => {
  const { logIn, expire, proxy } = await openWorld(t)
  const client = await logIn()
  expire()
  const login = client.login(MARIA)
  const calls = Array.from({ length: 10 }, () => client.fetch('/who/'))
  for (const { reason } of await Promise.allSettled(calls) as PromiseRejectedResult[]) {
    t.match(reason, { name: 'AuthError', code: 'user_changed' })
  }
  await login
  t.same(proxy.statusesOf('/who/'), [])
  t.match(await (await client.fetch('/who/')).json(), { user_id: '3' }, 'the next call is hers')
})

t.test('fetch: sends no call again as another user', async t => {
  const { logIn, clock, proxy } = await openWorld(t)
  const client = await logIn()
  clock.advance(360_000)
  proxy.delayAfter = ({ url }) => url === '/who/' ? 100 : 0
  const call = client.fetch('/who/')
  await client.login(MARIA)
  await t.rejects(call, { code: 'user_changed' })
  t.same(proxy.statusesOf('/who/'), ['401'])
})

t.test('fetch: sends a call again if the same user has logged in again', async t => {
  const { logIn, clock, proxy } = await openWorld(t)
  const client = await logIn()
  clock.advance(360_000)
  proxy.delayAfter = ({ url }) => url === '/who/' ? 100 : 0
  const call = client.fetch('/who/')
  const user = await client.login(VITOR)
  t.match(await (await call).json(), { user_id: '1', sid: user.sid })
})

t.test('client: compares users by the claim of the option "userIdClaim"', async t => {
  const { logIn, expire } = await openWorld(t, { userIdClaim: 'sub' })
  const client = await logIn({ userIdClaim: 'sub' })
  expire()
  const login = client.login(MARIA)
  await t.rejects(client.fetch('/who/'), { code: 'user_changed' })
  await login
})
