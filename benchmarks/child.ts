import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { Scope } from './scope.ts'

/** A process of ours, which answers each message with one of its own. */
export interface Child {
  /** What it said by itself, once it was ready. */
  said: unknown
  ask (message: object): Promise<unknown>
}

/** Milliseconds for an orderly end. */
const PATIENCE = 10_000

/**
 * Starts a file of this folder as a process that ends with the scope: it is hung up on, which it
 * takes for its end.
 * @throws Error if it ends before it is ready
 */
export async function startChild (t: Scope, file: string, args: string[] = []): Promise<Child> {
  const child = fork(fileURLToPath(new URL(file, import.meta.url)), args, {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc']
  })
  const exited = once(child, 'exit')
  t.after(async () => {
    if (child.connected) child.disconnect()
    const late = setTimeout(() => child.kill('SIGKILL'), PATIENCE)
    await exited
    clearTimeout(late)
  })
  return {
    said: await heard(child),
    ask (message) {
      child.send(message)
      return heard(child)
    }
  }
}

/** The next message of a process. @throws Error if it ends instead */
async function heard (child: ChildProcess): Promise<unknown> {
  const ended = new AbortController()
  const gone = (): void =>
    ended.abort(new Error(`${child.spawnargs.slice(1, 3).join(' ')} has ended.`))
  child.once('exit', gone)
  try {
    const [message] = await once(child, 'message', { signal: ended.signal })
    return message
  } catch (error) {
    throw ended.signal.reason ?? error
  } finally {
    child.off('exit', gone)
  }
}
