import { type Child, startChild } from './child.ts'
import type { Load, LoadResult } from './load.ts'
import type { Route } from './requests.ts'
import type { Scope } from './scope.ts'
import type { Guard } from './servers/guarded.ts'

/** A server in its own process, and the tokens for its guarded route in a round. */
export interface Side {
  name: string
  server: string
  guard: Guard
  tokens(): string[]
  /** The path of its Node.js, if not the running one. */
  execPath?: string
}

/** A running server, and the requests for it. */
export interface Target {
  name: string
  port: number
  route: Route
  /** True if the server ends the connection after each answer. */
  hangsUp?: boolean
  /** Returns the tokens of a round, before it begins. */
  tokens(): string[] | Promise<string[]>
  /** Returns the processor time until now, in microseconds. */
  used(): Promise<number>
}

/** A round of one side. */
export interface Round {
  /** Requests per second. */
  rate: number
  /** Processor time of the server, in microseconds a request. */
  cpu: number
  /** Milliseconds. Undefined if requests wait for each other on a connection. */
  p50: number | undefined
  p99: number | undefined
}

/** The load of a round. `amount` is a number of requests, instead of seconds. */
export interface RoundLoad extends Pick<Load, 'seconds' | 'amount' | 'connections' | 'pipelining'> {
  /** False for a load that sleeps between answers. */
  spins?: boolean
}

/** Seconds after which the code of a server is as fast as it gets. */
const WARM_UP = 2

export interface HttpRounds extends RoundLoad { rounds: number }

/** A side of a comparison. Its first round warms up and does not count. */
export interface Contender<Result> { name: string, measure (isWarmUp: boolean): Promise<Result> }

/** Starts the servers, and measures their guarded routes in alternating order. */
export async function httpRounds (
  t: Scope,
  sides: Side[],
  { rounds, ...load }: HttpRounds
): Promise<Round[][]> {
  // With few requests, the warm-up of a server would take longer than the round.
  const cold = load.amount === undefined ? [] : ['cold']
  const targets = await Promise.all(
    sides.map(async ({ name, server, guard, tokens, execPath }): Promise<Target> => {
      const { said, ask } = await startChild(t, 'servers/process.js', [
        server, JSON.stringify(guard), ...cold
      ], execPath)
      return {
        name,
        port: said as number,
        route: '/hello/',
        tokens,
        used: async () => processorTime(await ask({}))
      }
    })
  )
  return inTurn(contenders(await startCannon(t), targets, load), rounds)
}

/** Starts the process that makes the load. */
export const startCannon = (t: Scope): Promise<Child> => startChild(t, 'load.js')

/** Makes sides of running servers, each measured under the same load. */
export function contenders (cannon: Child, targets: Target[], load: RoundLoad): Contender<Round>[] {
  return targets.map(({ name, port, route, hangsUp, tokens, used }) => ({
    name,
    async measure (isWarmUp) {
      const order: Load = {
        ...load,
        port,
        route,
        hangsUp,
        tokens: await tokens(),
        seconds: isWarmUp ? WARM_UP : load.seconds
      }
      const before = await used()
      const { requests, seconds, failures, p50, p99 } = await cannon.ask(order) as LoadResult
      const cpu = (await used() - before) / requests
      if (failures > 0 || requests === 0) {
        throw new Error(`${name}: ${failures} of ${requests + failures} requests failed.`)
      }
      return { rate: requests / seconds, cpu, p50, p99 }
    }
  }))
}

/** The sum of a `process.cpuUsage()`, in microseconds. */
export function processorTime (said: unknown): number {
  const { user, system } = said as NodeJS.CpuUsage
  return user + system
}

/** Measures the sides in alternating order, A B C C B A. Reports each round on stderr. */
export async function inTurn<Result> (
  contenders: Contender<Result>[], rounds: number
): Promise<Result[][]> {
  const measured: Result[][] = contenders.map(() => [])
  for (let round = 0; round <= rounds; round++) {
    console.error(`round ${round} of ${rounds}: ${contenders.map(({ name }) => name).join(', ')}`)
    const order = [...contenders.entries()]
    for (const [index, { measure }] of round % 2 === 0 ? order : order.reverse()) {
      const result = await measure(round === 0)
      if (round > 0) measured[index]?.push(result)
    }
  }
  return measured
}
