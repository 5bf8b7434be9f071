import { successOf } from './auth-error.ts'
import { authorizedFetch } from './authorized-fetch.ts'
import { sidOf } from './claims.ts'
import type { Client, ClientOptions, Session, User } from './client.ts'
import { login } from './login.ts'
import { logout } from './logout.ts'
import { createParts } from './parts.ts'
import { ready } from './ready.ts'
import { callSessions } from './sessions.ts'

/** Creates a client of the token routes. Sends nothing before the first call. */
export function createClient<U extends User = User> (options: ClientOptions<U> = {}): Client<U> {
  const parts = createParts(options as ClientOptions)
  const { listeners } = parts
  const client: Client = {
    get user () { return parts.user },
    fetch: (...given) => authorizedFetch(parts, ...given),
    login: credentials => login(parts, credentials),
    logout: options => logout(parts, options?.everywhere),
    async token () {
      await ready(parts, true)
      return parts.access ?? null
    },
    sessions: async () => successOf(await callSessions(parts, 'GET')) as Session[],
    async endSession (sid) {
      if (sid === sidOf(parts.access)) return logout(parts)
      successOf(await callSessions(parts, 'DELETE', sid))
    },
    onChange (listener) {
      listeners.add(listener)
      return () => { listeners.delete(listener) }
    },
    close () {
      listeners.clear()
      parts.channel?.close()
      parts.channel = undefined
    }
  }
  return client as Client<U>
}
