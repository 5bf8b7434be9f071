import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { Scope } from './scope.ts'

/** A process that answers each message with one message. */
export interface Child {
  /** Its first message, which it sends when it is ready. */
  said: unknown
  ask (message: object): Promise<unknown>
}

/** Milliseconds until a process that does not end is killed. */
const PATIENCE = 10_000

/**
 * Starts a file of this folder as a process. The scope disconnects it, and it exits.
 * @throws Error if it ends before it is ready
 */
export async function startChild (
  t: Scope, file: string, args: string[] = [], execPath = process.execPath
): Promise<Child> {
  const child = fork(fileURLToPath(new URL(file, import.meta.url)), args, {
    execPath,
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
