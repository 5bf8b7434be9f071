import { readAnswer, successOf } from './answer.ts'
import { createFetch } from './authorized-fetch.ts'
import { sidOf } from './claims.ts'
import type { Client, ClientOptions, ClientPaths, Session, User } from './client.ts'
import { type Post, createLogin } from './login.ts'

type Listener = (user: User | null) => void

/** Creates a client of the token routes. Sends nothing before the first call. */
export function createClient<U extends User = User> ({
  baseUrl = globalThis.location?.origin,
  prefix = '/api/token',
  paths = {},
  storage = globalThis.location || !baseUrl ? 'cookie' : 'memory',
  origins = [],
  leeway = 30,
  timeout = 4,
  userIdClaim = 'user_id',
  // Bound late: tests and instrumentation replace the global function.
  fetch: send = (...given) => fetch(...given),
  onChange
}: ClientOptions<U> = {}): Client<U> {
  const listeners = new Set<Listener>(onChange && [onChange as Listener])
  const credentials = storage === 'cookie' ? 'include' : 'omit'
  const urlOf = (path: string | URL): URL => {
    if (!baseUrl) throw new TypeError('Set the option "baseUrl".')
    return new URL(path, baseUrl)
  }
  // The login route is the prefix itself.
  const routeOf = (name: keyof ClientPaths): URL =>
    urlOf((paths[name] ?? prefix + (name === 'obtain' ? '' : `/${name}`)).replace(/\/?$/, '/'))
  const post: Post = async (route, body, limitSeconds = timeout) => {
    const url = routeOf(route)
    const late = new AbortController()
    const timer = setTimeout(() => late.abort(), limitSeconds * 1000)
    const answer = await readAnswer(send(url, {
      method: 'POST',
      signal: late.signal,
      credentials,
      // Without a body, a request to another origin needs no preflight.
      ...(body && { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) })
    }))
    clearTimeout(timer)
    return answer
  }
  const key = baseUrl && `fastify-simplejwt ${new URL(baseUrl).origin}${prefix}`
  const login = createLogin(post, storage, key, leeway, listeners)
  const call = createFetch(send, login, urlOf, origins, userIdClaim)

  async function callSessions (method: string, sid = '', alsoStatus?: number): Promise<unknown> {
    const url = routeOf('sessions') + encodeURIComponent(sid)
    // The server removes the cookie with the session, if the request may bring it.
    return successOf(await readAnswer(call(url, { method, credentials })), alsoStatus)
  }

  return {
    get user () { return login.user() as U | null | undefined },
    fetch: call,
    login: login.login as Client<U>['login'],
    async logout ({ everywhere } = {}) {
      if (everywhere) await callSessions('DELETE', '', 401)
      return login.logout()
    },
    async token () {
      await login.ready(true)
      return login.access() ?? null
    },
    sessions: () => callSessions('GET') as Promise<Session[]>,
    async endSession (sid) {
      if (sid === sidOf(login.access())) return login.logout()
      await callSessions('DELETE', sid)
    },
    onChange (listener) {
      listeners.add(listener as Listener)
      return () => { listeners.delete(listener as Listener) }
    },
    close () {
      listeners.clear()
      login.close()
    }
  }
}
