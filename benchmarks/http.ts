import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { Load, LoadResult } from './load.ts'
import type { Scope } from './scope.ts'
import type { Guard } from './servers/guarded.ts'

/** A server in a process of its own, and the tokens that it is asked with. */
export interface Side { name: string, server: string, guard: Guard, tokens: string[] }

/** One round of one side: requests per second, processor time of the server in microseconds a request, latencies in milliseconds, where requests do not wait for each other. */
export interface Round { rate: number, cpu: number, p50: number | undefined, p99: number | undefined }

export interface HttpRounds { rounds: number, seconds: number, connections: number, pipelining: number }

const processOf = (name: string): string => fileURLToPath(new URL(name, import.meta.url))

async function start (t: Scope, file: string, args: string[] = []): Promise<{ child: ChildProcess, said: unknown }> {
  const child = fork(processOf(file), args, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
  t.after(() => child.kill('SIGKILL'))
  return { child, said: await heard(child) }
}

async function ask (child: ChildProcess, message: object): Promise<unknown> {
  child.send(message)
  return heard(child)
}

/** The next message of a process. @throws Error if it ends instead */
async function heard (child: ChildProcess): Promise<unknown> {
  const ended = new AbortController()
  const gone = (): void => ended.abort(new Error(`${child.spawnargs.slice(1, 3).join(' ')} has ended.`))
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

async function microseconds (child: ChildProcess): Promise<number> {
  const { user, system } = await ask(child, {}) as NodeJS.CpuUsage
  return user + system
}

/**
 * Asks each side in turn, A B C A B C, the order turned round each time; the load comes from a process of its own. The first round
 * warms up and does not count.
 * @throws Error if any answer was not a 2xx
 */
export async function httpRounds (t: Scope, sides: Side[], { rounds, ...load }: HttpRounds): Promise<Round[][]> {
  const { child: cannon } = await start(t, 'load.js')
  const servers = await Promise.all(sides.map(async ({ server, guard }) => {
    const { child, said } = await start(t, 'servers/process.js', [server, JSON.stringify(guard)])
    return { child, port: said as number }
  }))
  const measured: Round[][] = sides.map(() => [])
  for (let round = 0; round <= rounds; round++) {
    const order = [...sides.keys()]
    for (const index of round % 2 === 0 ? order : order.reverse()) {
      const { name, tokens } = sides[index] as Side
      const { child, port } = servers[index] as { child: ChildProcess, port: number }
      const before = await microseconds(child)
      const result = await ask(cannon, { ...load, port, tokens, seconds: round === 0 ? Math.min(2, load.seconds) : load.seconds } satisfies Load) as LoadResult
      const used = await microseconds(child) - before
      if (result.failures > 0 || result.requests === 0) throw new Error(`${name}: ${result.failures} of ${result.requests + result.failures} requests failed.`)
      console.error(`${name}: round ${round} of ${rounds}, ${Math.round(result.requests / result.seconds)}/s`)
      if (round > 0) measured[index]?.push({ rate: result.requests / result.seconds, cpu: used / result.requests, p50: result.p50, p99: result.p99 })
    }
  }
  return measured
}
