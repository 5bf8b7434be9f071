import type { Answer } from './answer.ts'
import { successOf, unreachable } from './auth-error.ts'
import { lifetimeOf, sidOf, userOf } from './claims.ts'
import type { User } from './client.ts'
import type { Parts } from './parts.ts'

/** The login as this page knows it. */
export interface LoginState {
  /** The access token, or undefined. */
  access?: string | undefined
  /**
   * Expiry of the access token in milliseconds, by the clock of this machine. 0 before the first
   * call, and never if no user is logged in.
   */
  expires: number
  /** As `Client.user`. */
  user?: User | null | undefined
  /** Counts logins and logouts. An answer to a request from before one of them is dropped. */
  epoch: number
  listeners: Set<(user: User | null) => void>
}

/** Replaces the access token and the user. Calls the listeners if the user is another object. */
export function hold (state: LoginState, access?: string, expires = Infinity): void {
  const user = access ? userOf(access) : null
  state.access = access
  state.expires = expires
  if (JSON.stringify(user) === JSON.stringify(state.user)) return
  state.user = user
  // A listener that calls the client must not wait for the action that calls the listener.
  for (const listener of state.listeners) queueMicrotask(() => listener(user))
}

/** The answer of the login route and of the refresh route. */
export interface Tokens { access: string, refresh?: string | undefined }

/** Returns the tokens of an answer. @throws AuthError for a refusal, and for other content */
export function tokensOf (answer: Answer): Tokens {
  const tokens = successOf(answer) as Tokens
  if (!sidOf(tokens?.access)) throw unreachable(answer)
  return tokens
}

/** Takes the tokens of an answer for this page and for the other tabs. */
export function take (parts: Parts, { access, refresh }: Tokens, requested: number): void {
  // The clock of the server is not read: the token lives as long from the request as it says.
  const expires = requested + lifetimeOf(access)
  hold(parts, access, expires)
  parts.channel?.postMessage({ sid: sidOf(access), access, expires, refresh })
}
