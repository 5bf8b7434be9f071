import type { TokenPair } from '../plugin/index.ts'
import { startChild } from './child.ts'
import { type Settings, fixed, median, ratios, spread, table } from './harness.ts'
import {
  type Round, type Target, contenders, inTurn, processorTime, startCannon
} from './http.ts'
import { type NodeBinary, nodeBinaries } from './nodes.ts'
import { type Report, atMost, sameRatio } from './report.ts'
import { roundCells, roundHeads } from './round-cells.ts'
import { type Scope, scoped } from './scope.ts'
import { logins, startTokenServer } from './token-server.ts'

const CONNECTIONS = 20

/** A token route, and the bound of its CPU beside a plain route. */
export interface PostCost {
  what: 'refresh' | 'login'
  route: '/api/token/refresh/' | '/api/token/'
  bound: number
}

/**
 * Measures a token route with its limits on, over the memory store, beside a plain POST with the
 * same body, schema and size of answer, under each Node.js.
 */
export async function postCost (
  t: Scope, { what, route, bound }: PostCost, { quick, node }: Settings
): Promise<Required<Report>> {
  const report: Required<Report> = { text: '', charts: [], figures: [] }
  const rows: string[][] = []
  for (const binary of nodeBinaries(node)) {
    const rounds = await scoped(t, async t => {
      const targets = await startTargets(t, route, binary)
      const load = {
        seconds: 0.3,
        amount: quick ? 2 * CONNECTIONS : undefined,
        connections: CONNECTIONS,
        pipelining: 1
      }
      return inTurn(contenders(await startCannon(t), targets, load), quick ? 1 : 25)
    })
    const [plain = [], again = [], ours = []] = rounds.map(cpuOf)
    report.figures.push(
      atMost(
        `CPU of a ${what}, limits on, of a plain POST`, bound, median(ratios(ours, plain)), inTimes,
        { node: binary.node, same: sameRatio(median(ratios(again, plain)), inTimes) }
      )
    )
    const side = (index: number): string[] => roundCells(rounds[index] as Round[])
    rows.push(
      [binary.version, 'plain POST', ...side(0), '1'],
      [binary.version, 'plain POST, again', ...side(1), spread(ratios(again, plain), 2)],
      [binary.version, what, ...side(2), spread(ratios(ours, plain), 2)]
    )
  }
  report.text = `\`POST ${route}\` with its limits on, over the memory store, beside a plain POST ` +
    'with the same body, schema and size of answer. The server is busy all the time. CPU is ' +
    `microseconds a request.\n\n${table(
      ['Node.js', 'route', ...roundHeads('requests/s'), 'CPU of plain'], rows
    )}\n`
  return report
}

const inTimes = (value: number): string => `${fixed(value, 2)} times`
const cpuOf = (rounds: Round[]): number[] => rounds.map(({ cpu }) => cpu)

async function startTargets (
  t: Scope, route: PostCost['route'], { path }: NodeBinary
): Promise<Target[]> {
  const plain = async (name: string): Promise<Target> => {
    const { said, ask } = await startChild(t, 'servers/plain-tokens.js', [], path)
    const [port, used] = [said as number, async () => processorTime(await ask({}))]
    return { name, route, port, used, tokens: () => refreshTokens(port) }
  }
  const ours = await startTokenServer(t, 'memory', { limits: 'on', execPath: path })
  return [
    await plain('plain'), await plain('plain, again'),
    { ...ours, route, name: 'fastify-simplejwt', tokens: () => refreshTokens(ours.port) }
  ]
}

/** The refresh tokens of new sessions, one for each connection. */
export const refreshTokens = async (port: number): Promise<string[]> =>
  (await logins(port, CONNECTIONS)).map(({ refresh }: TokenPair) => refresh)
