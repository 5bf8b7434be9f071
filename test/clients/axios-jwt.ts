import axios, { type AxiosError, type AxiosInstance } from 'axios'
import {
  type StorageType, applyAuthTokenInterceptor, clearAuthTokens, getAccessToken, getRefreshToken,
  isLoggedIn, setAuthTokens
} from 'axios-jwt'
import t from 'tap'
import { memoryStore } from '../../plugin/index.ts'
import { MINUTE } from '../fixtures/app.ts'
import { type ListeningApp, listeningApp } from '../fixtures/clients/listening-app.ts'
import type { Test } from '../fixtures/servers/home.ts'

const CALLS = 20

interface Client extends Omit<ListeningApp, 'hello'> {
  api: AxiosInstance
  /** Calls the guarded route by the client. */
  hello(): Promise<unknown>
}

/** A localStorage. */
function createStorage (): StorageType {
  const kept = new Map<string, string>()
  return {
    get: async key => kept.get(key) ?? null,
    set: async (key, value) => { kept.set(key, value) },
    remove: async key => { kept.delete(key) }
  }
}

/**
 * Sets the client up as its README does, and logs in. The client refreshes an access token that
 * expires within `tokenExpireFudge`.
 */
async function logIn (t: Test, {
  store = memoryStore(),
  tokenExpireFudge = '10s' as '10s' | '10m',
  keepsSuccessor = true
} = {}): Promise<Client> {
  const app = await listeningApp(t, { store })
  const api = axios.create({ baseURL: app.url })
  // Its types are those of the CommonJS build of axios, which TypeScript finds incompatible.
  applyAuthTokenInterceptor(api as never, {
    requestRefresh: async refresh => {
      const { data } = await axios.post(`${app.url}/api/token/refresh/`, { refresh })
      return keepsSuccessor
        ? { accessToken: data.access, refreshToken: data.refresh }
        : data.access
    },
    tokenExpireFudge,
    getStorage: createStorage
  })
  const { data } = await api.post('/api/token/', { username: 'vitor', password: '123' })
  await setAuthTokens({ accessToken: data.access, refreshToken: data.refresh })
  return { ...app, api, hello: async () => (await api.get('/hello/')).data }
}

const statusOf = (call: Promise<unknown>): Promise<number | undefined> =>
  call.then(() => 200, (error: AxiosError) => error.response?.status)

t.test('axios-jwt: an expired access token is refreshed once for many calls', async t => {
  const { hello, expireAccess, count } = await logIn(t)
  const first = await getRefreshToken()
  expireAccess()
  t.same(
    await Promise.all(Array.from({ length: CALLS }, hello)),
    Array(CALLS).fill({ message: 'Hello, World!' })
  )
  t.equal(count('refreshed'), 1)
  t.equal(count('replayed'), 0)
  t.not(await getRefreshToken(), first, 'the successor is kept')
})

t.test('axios-jwt: keeps the successor of each refresh', async t => {
  const { hello, clock, count } = await logIn(t, { tokenExpireFudge: '10m' })
  const seen = new Set([await getRefreshToken()])
  for (let refreshes = 1; refreshes <= 3; refreshes++) {
    t.same(await hello(), { message: 'Hello, World!' })
    t.equal(count('refreshed'), refreshes)
    seen.add(await getRefreshToken())
    clock.advance(MINUTE)
  }
  t.equal(seen.size, 4)
  t.equal(count('reuse_detected'), 0)
})

t.test('axios-jwt: a client that drops the successor loses its session', async t => {
  const client = await logIn(t, { tokenExpireFudge: '10m', keepsSuccessor: false })
  t.same(await client.hello(), { message: 'Hello, World!' })
  client.clock.advance(MINUTE)
  await t.rejects(client.hello(), /Got 401 on token refresh/)
  t.equal(client.count('reuse_detected'), 1)
  t.equal(await isLoggedIn(), false)
})

t.test('axios-jwt: a logout revokes both tokens', async t => {
  const { api, app, url, hello, expireAccess, count } = await logIn(t)
  expireAccess()
  await hello()
  const [access, refresh] = [await getAccessToken(), await getRefreshToken()]
  await api.post('/api/token/blacklist/', { refresh })
  await clearAuthTokens()
  t.equal(count('revoked'), 1)
  t.equal(await isLoggedIn(), false)
  const { statusCode, body } = await app.inject({
    url: '/hello/', headers: { authorization: `Bearer ${access}` }
  })
  t.equal(statusCode, 401)
  t.match(body, 'Token is blacklisted')
  t.equal(await statusOf(axios.post(`${url}/api/token/refresh/`, { refresh })), 401)
  t.equal(await statusOf(hello()), 401)
})

t.test('axios-jwt: a refused refresh rejects all calls, and logs the client out', async t => {
  const { app, hello, expireAccess } = await logIn(t)
  await app.tokens.revokeUser(1)
  expireAccess()
  const calls = await Promise.allSettled(Array.from({ length: CALLS }, hello))
  for (const call of calls) {
    t.match(call, { status: 'rejected', reason: /Got 401 on token refresh/ })
  }
  t.equal(await isLoggedIn(), false)
})

t.test('axios-jwt: an outage of the store keeps the client logged in', async t => {
  const store = memoryStore()
  const { hello, expireAccess, count } = await logIn(t, { store })
  expireAccess()
  const { rotate } = store
  store.rotate = async () => { throw new Error('The store is away.') }
  await t.rejects(hello(), /Failed to refresh auth token: Request failed with status code 503/)
  t.equal(await isLoggedIn(), true)
  store.rotate = rotate
  t.same(await hello(), { message: 'Hello, World!' })
  t.equal(count('refreshed'), 1)
})
