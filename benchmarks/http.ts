import { type Child, startChild } from './child.ts'
import type { Load, LoadResult } from './load.ts'
import type { Route } from './requests.ts'
import type { Scope } from './scope.ts'
import type { Guard } from './servers/guarded.ts'

/**
 * A server in a process of its own, and the tokens that its guarded route is asked with in a round.
 */
export interface Side { name: string, server: string, guard: Guard, tokens (): string[] }

/** A server that runs, and what it is asked. */
export interface Target {
  name: string
  port: number
  route: Route
  /** The tokens of a round, before it begins. */
  tokens (): string[] | Promise<string[]>
  /** Processor time that it has used until now, in microseconds. */
  used (): Promise<number>
}

/**
 * One round of one side: requests per second, processor time of the server in microseconds a
 * request, latencies in milliseconds, where requests do not wait for each other.
 */
export interface Round {
  rate: number
  cpu: number
  p50: number | undefined
  p99: number | undefined
}

/** How a round is made up. With `amount` it is so many requests in place of seconds. */
export interface RoundLoad {
  seconds: number
  amount?: number | undefined
  connections: number
  pipelining: number
}

/** Seconds after which the code of a server is as fast as it gets. */
const WARM_UP = 2

export interface HttpRounds extends RoundLoad { rounds: number }

/** Something that is measured in rounds. The first of them, to warm up, does not count. */
export interface Contender<Result> { name: string, measure (isWarmUp: boolean): Promise<Result> }

/** Starts each side, and asks their guarded routes in turn. */
export async function httpRounds (
  t: Scope,
  sides: Side[],
  { rounds, ...load }: HttpRounds
): Promise<Round[][]> {
  // A server that answers but a few requests is not worth the quarter of a second that it takes to
  // warm it up.
  const cold = load.amount === undefined ? [] : ['cold']
  const targets = await Promise.all(
    sides.map(async ({ name, server, guard, tokens }): Promise<Target> => {
      const { said, ask } = await startChild(t, 'servers/process.js', [
        server, JSON.stringify(guard), ...cold
      ])
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

/** What load comes from: a process of its own. */
export const startCannon = (t: Scope): Promise<Child> => startChild(t, 'load.js')

/** Servers that are measured under load. */
export function contenders (cannon: Child, targets: Target[], load: RoundLoad): Contender<Round>[] {
  return targets.map(({ name, port, route, tokens, used }) => ({
    name,
    async measure (isWarmUp) {
      const order: Load = {
        ...load,
        port,
        route,
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

/** What `process.cpuUsage()` says, as one number. */
export function processorTime (said: unknown): number {
  const { user, system } = said as NodeJS.CpuUsage
  return user + system
}

/**
 * Measures each in turn, A B C C B A: the order is turned round each time. What a round was is told
 * on stderr.
 */
export async function inTurn<Result extends { rate: number }> (
  contenders: Contender<Result>[], rounds: number
): Promise<Result[][]> {
  const measured: Result[][] = contenders.map(() => [])
  for (let round = 0; round <= rounds; round++) {
    const order = [...contenders.entries()]
    for (const [index, { name, measure }] of round % 2 === 0 ? order : order.reverse()) {
      const result = await measure(round === 0)
      console.error(`${name}: round ${round} of ${rounds}, ${Math.round(result.rate)}/s`)
      if (round > 0) measured[index]?.push(result)
    }
  }
  return measured
}
