import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { built } from '../test/fixtures/servers/built.ts'
import { startNginx, withoutNginx } from '../test/fixtures/servers/nginx.ts'
import { redisProgram, startRedis } from '../test/fixtures/servers/redis.ts'
import { freePort } from '../test/fixtures/servers/server-process.ts'
import { skipUnless } from '../test/fixtures/servers/programs.ts'
import { createClients } from '../test/fixtures/clients/token-client.ts'
import type { Child } from './child.ts'
import { type Settings, fixed, percentile, spread, table } from './harness.ts'
import { type Contender, inTurn, startCannon } from './http.ts'
import type { Load, LoadResult } from './load.ts'
import { type Report, atMost } from './report.ts'
import type { Scope } from './scope.ts'

const CONNECTIONS = 20

/** What is asked, by TLS if it has a certificate. */
interface Door { name: string, port: number, certificate?: string }
/** A demo server, and the processes that answer its requests. */
interface Demo { port: number, workers(): number[] }
type Round = Pick<LoadResult, 'p50' | 'p99'> & { rate: number }
interface RefreshRound { rate: number, cpu: number }
/** What `/proc` counts processor time in: 100 in a second on Linux. */
const TICK_US = 10_000

/**
 * What more processes and nginx make of the demo's guarded route, with all that the demo has around
 * it.
 */
export default async function workers (t: Scope, { quick }: Settings): Promise<Report> {
  const missing = withoutNginx || skipUnless(redisProgram, 'redis-server')
  if (missing) return { text: `SKIPPED: ${missing}\n` }
  const { url: redis } = await startRedis(t)
  const env = {
    STORE_URL: redis,
    JWT_SECRET: 'the secret of all of these servers',
    RATE_LIMIT: 'off',
    LOG_LEVEL: 'warn',
    TRUST_PROXY: '127.0.0.1'
  }
  const demos = [
    { name: 'one worker', demo: await startDemo(t, env) },
    { name: 'two workers', demo: await startDemo(t, { ...env, WEB_CONCURRENCY: '2' }) },
    { name: 'one worker, once more', demo: await startDemo(t, env) }
  ]
  const [one, two] = demos.map(({ demo }) => demo.port) as [number, number]
  const nginx = await startNginx(t, [two, two])
  const doors: Door[] = [
    { name: 'direct, one worker', port: one },
    { name: 'direct, two workers', port: two },
    { name: 'nginx with TLS, two workers', port: nginx.port, certificate: nginx.certificate }
  ]
  const tokens = (await createClients(`http://127.0.0.1:${one}`, CONNECTIONS)).map(
    ({ pair }) => pair.access
  )
  const cannon = await startCannon(t)
  const rounds = quick ? 1 : 5
  const measured = await inTurn(doors.map(door => contender(cannon, door, tokens, quick)), rounds)
  const refreshed = await inTurn(
    demos.map(({ name, demo }) => refreshes(cannon, name, demo, quick)), rounds
  )
  const ofOne = refreshed.map(rounds =>
    rounds.map(({ cpu }, round) => cpu / (refreshed[0]?.[round] as RefreshRound).cpu))
  const shareOf = (index: number): number => percentile(ofOne[index] as number[], 0.5)
  return {
    text: `\`GET /hello/\` of the demo on ${CONNECTIONS} connections, sessions in Redis, with helmet, metrics and a log of warnings. The load, nginx and the workers share this machine: on two cores the second worker has what the load leaves it. Median (least-most) of ${rounds} rounds in turn.\n\n${table(
      ['', 'requests/s', 'p50 ms', 'p99 ms'],
      measured.map((rounds, index) => [
        (doors[index] as Door).name,
        spread(rounds.map(({ rate }) => rate)),
        ...(['p50', 'p99'] as const).map(name =>
          fixed(percentile(rounds.map(round => round[name] as number), 0.5), 2)
        )
      ])
    )}\nRefreshes on as many connections. CPU is that of the workers, without the load, Redis and the primary; a ratio is that of two rounds beside each other.\n\n${table(
      ['refreshes', 'a second', 'worker CPU us', 'of one worker'],
      refreshed.map((rounds, index) => [
        (demos[index] as typeof demos[number]).name,
        spread(rounds.map(({ rate }) => rate)),
        spread(rounds.map(({ cpu }) => cpu)),
        spread(ofOne[index] as number[], 2)
      ])
    )}`,
    figures: [
      atMost(
        `worker CPU of a refresh, two workers of one, Redis (one worker, once more: ${fixed(shareOf(2), 2)})`,
        1.1,
        shareOf(1),
        value => fixed(value, 2)
      )
    ]
  }
}

/** Starts the demo on a free port, and resolves once it answers. */
async function startDemo (t: Scope, env: Record<string, string>): Promise<Demo> {
  const port = await freePort()
  const demo = spawn(process.execPath, [built('dist/example/server.js')], {
    env: { ...process.env, ...env, PORT: `${port}` },
    stdio: ['ignore', 'ignore', 'inherit']
  })
  t.after(() => {
    const ended = once(demo, 'exit')
    demo.kill('SIGTERM')
    return ended
  })
  while (!await fetch(`http://127.0.0.1:${port}/healthz`).catch(() => undefined)) await delay(50)
  const pid = demo.pid as number
  return { port, workers: () => env.WEB_CONCURRENCY === undefined ? [pid] : childrenOf(pid) }
}

const childrenOf = (pid: number): number[] =>
  readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').map(Number)

/** Processor time of processes until now, in microseconds. */
function processorTimeOf (pids: number[]): number {
  const ticks = pids.map(pid => {
    // The name of the program, which may have spaces, ends with the last bracket.
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/^.*\) /s, '').split(' ')
    return Number(fields[11]) + Number(fields[12])
  })
  return ticks.reduce((sum, ticks) => sum + ticks, 0) * TICK_US
}

/** Each connection refreshes a session, whose login does not count. */
const refreshes = (
  cannon: Child, name: string, { port, workers }: Demo, quick: boolean
): Contender<RefreshRound> => ({
  name: `refreshes, ${name}`,
  async measure () {
    const clients = await createClients(`http://127.0.0.1:${port}`, CONNECTIONS)
    const load: Load = {
      port,
      route: '/api/token/refresh/',
      tokens: clients.map(({ pair }) => pair.refresh),
      connections: CONNECTIONS,
      pipelining: 1,
      seconds: 3,
      amount: quick ? 100 * CONNECTIONS : undefined
    }
    const before = processorTimeOf(workers())
    const { requests, seconds, failures } = await cannon.ask(load) as LoadResult
    if (failures > 0 || requests === 0) {
      throw new Error(`${name}: ${failures} of ${requests + failures} refreshes failed.`)
    }
    return { rate: requests / seconds, cpu: (processorTimeOf(workers()) - before) / requests }
  }
})

const contender = (
  cannon: Child, { name, port, certificate }: Door, tokens: string[], quick: boolean
): Contender<Round> => ({
  name,
  async measure () {
    const load: Load = {
      port,
      route: '/hello/',
      tokens,
      connections: CONNECTIONS,
      pipelining: 1,
      seconds: 3,
      amount: quick ? 2 * CONNECTIONS : undefined,
      certificate
    }
    const { requests, seconds, failures, p50, p99 } = await cannon.ask(load) as LoadResult
    if (failures > 0 || requests === 0) {
      throw new Error(`${name}: ${failures} of ${requests + failures} requests failed.`)
    }
    return { rate: requests / seconds, p50: p50 as number, p99: p99 as number }
  }
})
