import type { TokenPair } from '../plugin/index.ts'
import { login } from '../test/fixtures/clients/demo-client.ts'
import { startChild } from './child.ts'
import { processorTime } from './http.ts'
import type { Scope } from './scope.ts'
import type { Question } from './servers/tokens.ts'

/** A server with our token routes, in a process of its own. */
export interface TokenServer {
  port: number
  /** Processor time that it has used until now, in microseconds. */
  used (): Promise<number>
  /** The store's bare driver, without HTTP: updates per second. */
  bare (asked: NonNullable<Question['bare']>): Promise<number>
}

/**
 * Starts one over a store of `servers/candidates.ts`, whose logins are checked for nothing, or by
 * the demo's Argon2id.
 */
export async function startTokenServer (
  t: Scope, store: string, check: 'free' | 'argon2id' = 'free'
): Promise<TokenServer> {
  const { said, ask } = await startChild(t, 'servers/tokens.js', [store, check])
  return {
    port: said as number,
    used: async () => processorTime(await ask({})),
    bare: async asked => await ask({ bare: asked } satisfies Question) as number
  }
}

/** The pairs of so many new sessions. */
export const logins = (port: number, count: number): Promise<TokenPair[]> =>
  Promise.all(Array.from({ length: count }, () => login(`http://127.0.0.1:${port}`)))
