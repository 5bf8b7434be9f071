import { type Measured, beside, besideRows, named } from './beside-plain.ts'
import { type Settings, fixed, median } from './harness.ts'
import { type Side, httpRounds } from './http.ts'
import { type NodeBinary, nodeBinaries } from './nodes.ts'
import { type Figure, type Report, atMost, sameRatio } from './report.ts'
import { type Scope, scoped } from './scope.ts'
import { type Minted, createMint } from './tokens.ts'

const CONNECTIONS = 20
/** Requests under way on each connection, so that sockets cost little. */
const PIPELINED = 10
/** Tokens, and how many of them a round gets: more than it has requests. */
const [MANY, IN_A_ROUND] = [60_000, 20_000]

const NAMES = {
  plain: 'plain',
  empty: 'empty hook',
  emptyAgain: 'empty hook, again',
  hmac: 'HMAC and JSON.parse in a hook',
  hmacAgain: 'the same, again',
  fastJwt: 'fast-jwt in a hook',
  ours: 'fastify-simplejwt'
}

type Start = (name: string, server: string, tokens: () => string[]) => Side

/** What the guard costs beyond the least that a guard can do, under each Node.js. */
export async function guardLimits (t: Scope, settings: Settings): Promise<Required<Report>> {
  const minted = createMint('HS256')
  const many = minted.mint(settings.quick ? 100 * CONNECTIONS : MANY)
  const report: Required<Report> = { text: '', charts: [], figures: [] }
  for (const binary of nodeBinaries(settings.node)) {
    const start: Start = (name, server, tokens) => ({
      name, server, tokens, guard: minted, execPath: binary.path
    })
    const hot = await scoped(t, t => measure(t, hotSides(start, minted), settings, 0.25))
    // The load prepares each of these requests at the start of a round, so the round is longer.
    const cold = await scoped(t, t => measure(t, coldSides(start, many), settings, 1))
    report.figures.push(hotFigure(hot, binary), ...coldFigures(cold, binary))
    report.text += `Node.js ${binary.version}, HS256, ${PIPELINED} requests at a time on each of ` +
      `${CONNECTIONS} connections. Tokens that the cache has:\n\n${besideRows(hot)}\n` +
      `${fixed(many.length)} tokens, each new to the cache:\n\n${besideRows(cold)}\n`
  }
  return report
}

function hotSides (start: Start, { mint }: Minted): Side[] {
  const few = mint(CONNECTIONS)
  return [
    start(NAMES.plain, 'plain', () => few),
    start(NAMES.empty, 'empty-hook', () => few),
    start(NAMES.emptyAgain, 'empty-hook', () => few),
    start(NAMES.ours, 'simplejwt', () => few)
  ]
}

/** A token comes again two rounds later. By then the cache has evicted it. */
function coldSides (start: Start, many: string[]): Side[] {
  const side = (name: string, server: string): Side => {
    let round = 0
    return start(name, server, () => {
      const from = round++ * IN_A_ROUND % many.length
      return many.slice(from, from + IN_A_ROUND)
    })
  }
  return [
    side(NAMES.plain, 'plain'),
    side(NAMES.hmac, 'hmac-hook'),
    side(NAMES.hmacAgain, 'hmac-hook'),
    side(NAMES.fastJwt, 'fast-jwt-hook'),
    side(NAMES.ours, 'simplejwt')
  ]
}

async function measure (
  t: Scope, sides: Side[], { quick }: Settings, seconds: number
): Promise<Measured[]> {
  return beside(sides, await httpRounds(t, sides, {
    rounds: quick ? 1 : 15,
    seconds,
    amount: quick ? 100 : undefined,
    connections: CONNECTIONS,
    pipelining: PIPELINED
  }))
}

function hotFigure (hot: Measured[], { node }: NodeBinary): Figure {
  const microseconds = (value: number): string => `${fixed(value, 2)} us`
  const empty = named(hot, NAMES.empty)
  const beyond = (name: string): number =>
    median(named(hot, name).more.map((more, round) => more - (empty.more[round] as number)))
  const same = beyond(NAMES.emptyAgain)
  return atMost(
    'CPU of the guard beyond an empty hook, cached token', 0.8, beyond(NAMES.ours), microseconds,
    {
      node,
      same: {
        said: microseconds(same),
        apart: Math.abs(same) / median(empty.rounds.map(({ cpu }) => cpu))
      }
    }
  )
}

function coldFigures (cold: Measured[], { node }: NodeBinary): Figure[] {
  const more = (name: string): number => median(named(cold, name).more)
  const times = (value: number): string => `${fixed(value, 2)} times`
  const same = sameRatio(more(NAMES.hmacAgain) / more(NAMES.hmac), times)
  return [
    atMost(
      'CPU of the guard, new token, of one HMAC and one `JSON.parse` in a hook', 1.5,
      more(NAMES.ours) / more(NAMES.hmac), times, { node, same }
    ),
    atMost(
      'CPU of the guard, new token, of fast-jwt alone in a hook', 1.15,
      more(NAMES.ours) / more(NAMES.fastJwt), times, { node, same }
    )
  ]
}
