import { type Settings, bar, fixed, percentile, spread, table } from './harness.ts'
import { type Contender, type Round, contenders, inTurn, startCannon } from './http.ts'
import { type Report, atLeast } from './report.ts'
import { roundCells, roundHeads } from './round-cells.ts'
import type { Scope } from './scope.ts'
import { candidates } from './servers/candidates.ts'
import { memory } from './stores.ts'
import { type TokenServer, logins, startTokenServer } from './token-server.ts'

const CONNECTIONS = 20
/** What refreshes over HTTP must reach of the slower of the two that they are made of. */
const SHARE = 0.7

/**
 * A store: its rounds over HTTP, and where it has a driver, the rates of that alone, and what HTTP
 * reached of the slower in each round.
 */
interface Measured {
  name: string
  rounds: Round[]
  bare: number[] | undefined
  shares: number[] | undefined
}

/** What refreshes over HTTP reach of what the route and the store's driver can do. */
export default async function refresh (t: Scope, { quick }: Settings): Promise<Report> {
  const here = candidates.filter(({ skip }) => !skip)
  const servers = await Promise.all(
    here.map(async ({ name }): Promise<NamedServer> => ({
      name,
      ...(await startTokenServer(t, name))
    }))
  )
  const load = {
    seconds: 2,
    amount: quick ? 2 * CONNECTIONS : undefined,
    connections: CONNECTIONS,
    pipelining: 1
  }
  const overHttp = contenders(
    await startCannon(t),
    servers.map(server => ({
      ...server,
      route: '/api/token/refresh/',
      tokens: () => refreshTokens(server)
    })),
    load
  )
  // Each beside its own driver, since a disk is not as fast at one time as at another.
  const beside = overHttp.flatMap((contender, index) => [
    contender, ...bare(servers[index] as NamedServer, quick ? 20 : 500)
  ])
  const rounds = await inTurn(beside, quick ? 1 : 7)
  const measured = compare(
    servers, new Map(beside.map(({ name }, index) => [name, rounds[index] as Round[]]))
  )

  return {
    text: `\`POST /api/token/refresh/\` with rotation, one process of ours, ${CONNECTIONS} connections: each is a session of its own that brings the token it was given last. Logins are not measured, and nothing is limited. Median (least-most) of rounds in turn; CPU is that of the process with the plugin, in microseconds a refresh. Beside it the driver's own update of one row, ${CONNECTIONS} in flight, in the same process without HTTP. The last column: refreshes, of what the slower of the two could do in the same round, the route over memory or the bare driver.\n\n${table(
      ['store', ...roundHeads('refreshes/s'), 'bare/s', 'of the slower'],
      [
        ...measured.map(({ name, rounds, bare, shares }) => [
          name, ...roundCells(rounds), orDash(bare), orDash(shares, 2)
        ]),
        ...candidates.flatMap(({ name, skip }) => skip ? [[name, `SKIPPED: ${skip}`]] : [])
      ]
    )}
The load, the server and the store's own server share the cores of this machine: over HTTP, Redis and PostgreSQL have less of them than beside the bare driver. SQLite runs in the thread of the route, so that one waits for the other: where both are as slow, no more than half of either can be reached.
`,
    charts: [{
      file: 'refresh.svg',
      title: 'Refresh with rotation, over HTTP',
      unit:
        `refreshes per second of one process, ${CONNECTIONS} sessions at a time; more is ` +
        'better',
      bars: measured.map(({ name, rounds }) => bar(name, ratesOf(rounds), true))
    }],
    figures: measured.flatMap(({ name, shares }) =>
      shares === undefined
        ? []
        : [
            atLeast(
              `refreshes over HTTP, of what the slower of route and driver could do: ${name}`,
              SHARE,
              percentile(shares, 0.5),
              share => fixed(share, 2)
            )
          ]
    )
  }
}

type NamedServer = TokenServer & { name: string }

const refreshTokens = async ({ port }: TokenServer): Promise<string[]> =>
  (await logins(port, CONNECTIONS)).map(({ refresh }) => refresh)

const bareName = (name: string): string => `${name}, bare`

/** The driver of a store alone, if it has one. */
const bare = ({ name, bare }: NamedServer, ms: number): Contender<Round>[] =>
  name === memory.name
    ? []
    : [
        {
          name: bareName(name),
          measure: async () => ({
            rate: await bare({ inFlight: CONNECTIONS, ms }),
            cpu: 0,
            p50: undefined,
            p99: undefined
          })
        }
      ]

function compare (servers: NamedServer[], rounds: Map<string, Round[]>): Measured[] {
  const rates = (name: string): number[] | undefined =>
    rounds.has(name) ? ratesOf(rounds.get(name) as Round[]) : undefined
  const route = rates(memory.name) as number[]
  return servers.map(({ name }) => {
    const ours = rounds.get(name) as Round[]
    const bare = rates(bareName(name))
    const shares = bare?.map(
      (rate, round) => (ours[round] as Round).rate / Math.min(rate, route[round] as number)
    )
    return { name, rounds: ours, bare, shares }
  })
}

const ratesOf = (rounds: Round[]): number[] => rounds.map(({ rate }) => rate)

const orDash = (values: number[] | undefined, digits?: number): string =>
  values === undefined ? '-' : spread(values, digits)
