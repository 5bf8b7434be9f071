import { type Settings, bar, fixed, median, ratios, spread, table } from './harness.ts'
import { type Round, type Target, contenders, inTurn, startCannon } from './http.ts'
import { postCost, refreshTokens } from './post-cost.ts'
import { type Report, atLeast, sameRatio } from './report.ts'
import { roundCells, roundHeads } from './round-cells.ts'
import type { Scope } from './scope.ts'
import { candidates } from './servers/candidates.ts'
import { memory } from './stores.ts'
import { startTokenServer } from './token-server.ts'

const CONNECTIONS = 20
/** Refreshes a second that each store must reach, of the memory route. By a part of its name. */
const BOUNDS = { 'synchronous NORMAL': 0.9, 'synchronous FULL': 0.75, PostgreSQL: 0.8, Redis: 0.75 }

/** What a refresh costs beside a plain POST, and over each store beside the memory store. */
export default async function refresh (t: Scope, settings: Settings): Promise<Report> {
  const cost = await postCost(
    t, { what: 'refresh', route: '/api/token/refresh/', bound: 3 }, settings
  )
  const here = candidates.filter(({ skip }) => !skip)
  const again = `${memory.name}, again`
  const targets = await Promise.all([
    ...here.map(({ name }) => target(t, name)), target(t, memory.name, again)
  ])
  const { quick } = settings
  const load = {
    seconds: 0.5,
    amount: quick ? 2 * CONNECTIONS : undefined,
    connections: CONNECTIONS,
    pipelining: 1,
    // The servers of the stores need the core that a polling load would take.
    spins: false
  }
  const measured = await inTurn(
    contenders(await startCannon(t), targets, load), quick ? 1 : 15
  )
  const rounds = new Map(targets.map(({ name }, index) => [name, measured[index] as Round[]]))
  const rates = (name: string): number[] => (rounds.get(name) as Round[]).map(({ rate }) => rate)
  const ofMemory = (name: string): number[] => ratios(rates(name), rates(memory.name))
  const same = sameRatio(median(ofMemory(again)), share)

  return {
    text: `${cost.text}Each store, with limits off. The load sleeps between answers here, since it shares two cores with the servers of the stores. ${CONNECTIONS} connections, each with the tokens of one session. CPU is that of the process with the plugin.

${table(
  ['store', ...roundHeads('refreshes/s'), 'rate of memory'],
  [
    ...[...rounds].map(([name, rounds]) => [
      name, ...roundCells(rounds), spread(ofMemory(name), 2)
    ]),
    ...candidates.flatMap(({ name, skip }) => skip ? [[name, `SKIPPED: ${skip}`]] : [])
  ]
)}`,
    charts: [{
      file: 'refresh.svg',
      title: 'Refresh with rotation, over HTTP',
      unit: `refreshes per second of one process, ${CONNECTIONS} sessions; more is better`,
      bars: here.map(({ name }) => bar(name, rates(name), true))
    }],
    figures: [
      ...cost.figures,
      ...here.flatMap(({ name }) => {
        const [, bound] = Object.entries(BOUNDS).find(([part]) => name.includes(part)) ?? []
        return bound === undefined
          ? []
          : [
              atLeast(
                `refreshes/s, of the memory store: ${name}`, bound, median(ofMemory(name)), share,
                { same }
              )
            ]
      })
    ]
  }
}

const share = (value: number): string => fixed(value, 2)

async function target (t: Scope, store: string, name = store): Promise<Target> {
  const { port, used } = await startTokenServer(t, store)
  return { name, port, used, route: '/api/token/refresh/', tokens: () => refreshTokens(port) }
}
