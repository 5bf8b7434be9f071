import type { TokenPair } from '../plugin/index.ts'
import { login } from '../test/fixtures/clients/demo-client.ts'
import { startChild } from './child.ts'
import { processorTime } from './http.ts'
import type { Scope } from './scope.ts'

/** A server with the token routes of this package, in its own process. */
export interface TokenServer {
  port: number
  /** Returns the processor time until now, in microseconds. */
  used(): Promise<number>
}

/** How a server is set up. */
export interface TokenServerSettings {
  /** A check of passwords that costs nothing, which is the default, or the Argon2id of the demo. */
  check?: 'free' | 'argon2id'
  /** Default off. If on, they count but never refuse. */
  limits?: 'on' | 'off'
  /** The path of its Node.js, if not the running one. */
  execPath?: string
}

/** Starts a server over a store of `servers/candidates.ts`. */
export async function startTokenServer (
  t: Scope, store: string,
  { check = 'free', limits = 'off', execPath }: TokenServerSettings = {}
): Promise<TokenServer> {
  const { said, ask } = await startChild(t, 'servers/tokens.js', [store, check, limits], execPath)
  return { port: said as number, used: async () => processorTime(await ask({})) }
}

/** The pairs of new sessions. */
export const logins = (port: number, count: number): Promise<TokenPair[]> =>
  Promise.all(Array.from({ length: count }, () => login(`http://127.0.0.1:${port}`)))
