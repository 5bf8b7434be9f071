import ky, { HTTPError, type KyInstance } from 'ky'
import t from 'tap'
import type { TokenPair } from '../../plugin/index.ts'
import { type ListeningApp, listeningApp } from '../fixtures/clients/listening-app.ts'
import type { Test } from '../fixtures/servers/home.ts'

const CALLS = 20

interface Client extends Omit<ListeningApp, 'hello'> {
  api: KyInstance
  pair: TokenPair
  /** Calls the guarded route by the client. */
  hello(): Promise<unknown>
}

/**
 * Sets ky up with the hooks of its README: a token before each request, and after a 401 one
 * refresh and one retry. `share` lets calls that run at the same time share a refresh.
 */
async function logIn (t: Test, share: boolean): Promise<Client> {
  const app = await listeningApp(t)
  const plain = ky.create({ prefixUrl: app.url })
  const json = { username: 'vitor', password: '123' }
  const client = { pair: await plain.post<TokenPair>('api/token/', { json }).json() }

  let refreshing: Promise<void> | undefined
  const refresh = async (): Promise<void> => {
    const json = { refresh: client.pair.refresh }
    client.pair = await plain.post<TokenPair>('api/token/refresh/', { json }).json()
  }
  const refreshOnce = async (): Promise<void> => {
    refreshing ??= refresh().finally(() => { refreshing = undefined })
    await refreshing
  }

  const api = plain.extend({
    hooks: {
      beforeRequest: [(request, _options, { retryCount }) => {
        if (retryCount > 0) return
        request.headers.set('authorization', `Bearer ${client.pair.access}`)
      }],
      afterResponse: [async (request, _options, response, { retryCount }) => {
        if (response.status !== 401 || retryCount > 0) return
        // Another call may have refreshed since this request was sent.
        const isNew = request.headers.get('authorization') !== `Bearer ${client.pair.access}`
        if (!share) await refresh()
        else if (!isNew) await refreshOnce()
        const headers = new Headers(request.headers)
        headers.set('authorization', `Bearer ${client.pair.access}`)
        return ky.retry({ request: new Request(request, { headers }), delay: 0 })
      }]
    }
  })
  return Object.assign(client, app, { api, hello: () => api.get('hello/').json() })
}

const callAll = (hello: Client['hello']): Promise<unknown[]> =>
  Promise.all(Array.from({ length: CALLS }, hello))
const greetings = Array(CALLS).fill({ message: 'Hello, World!' })

t.test('ky: calls that share a refresh spend one refresh token', async t => {
  const client = await logIn(t, true)
  client.expireAccess()
  const { refresh } = client.pair
  t.same(await callAll(client.hello), greetings)
  t.equal(client.count('refreshed'), 1)
  t.equal(client.count('replayed'), 0)
  t.not(client.pair.refresh, refresh)
})

t.test('ky: calls that refresh each for itself stay in one session', async t => {
  const client = await logIn(t, false)
  client.expireAccess()
  t.same(await callAll(client.hello), greetings)
  t.equal(client.count('refreshed') + client.count('replayed'), CALLS)
  t.equal(client.count('reuse_detected'), 0)
  const headers = { authorization: `Bearer ${client.pair.access}` }
  const sessions = await client.api.get('api/token/sessions/', { headers }).json<object[]>()
  t.equal(sessions.length, 1)
})

t.test('ky: a logout ends in a 401 after one refused refresh', async t => {
  const client = await logIn(t, true)
  await client.api.post('api/token/blacklist/', { json: { refresh: client.pair.refresh } })
  const error = await client.hello().catch((error: unknown) => error) as HTTPError
  t.type(error, HTTPError)
  t.equal(error.response.status, 401)
  t.match(error.request.url, '/api/token/refresh/')
  t.match(await error.response.json(), { code: 'token_not_valid' })
})
