import { type Settings, interleaved, spread, table } from './harness.ts'
import { refresher } from './refresher.ts'
import type { Report } from './report.ts'
import { type Scope, rowsOf } from './scope.ts'
import { type Candidate, WORKERS, memory, postgres, redis, sqlite } from './stores.ts'

const candidates = (): Candidate[] => [
  memory, ...sqlite('NORMAL'), ...sqlite('FULL'), redis(), redis('everysec'), redis('always'),
  postgres()
]

/**
 * What `store.rotate` costs of what the driver can do: rotations per second beside bare updates of
 * one row.
 */
export default async function rotations (t: Scope, { quick }: Settings): Promise<Report> {
  const rounds = quick ? { rounds: 5, ms: 100 } : { rounds: 7, ms: 500 }
  const text = `\`store.rotate\` per second, each session with its current token, beside the driver's own update of one row by a prepared or named statement (Redis: HSET). Rounds in turn, ${rounds.rounds} of ${rounds.ms} ms each after one to warm up: median (least-most). The ratio is that of a round and the next.\n\n`
  const rows = await rowsOf(t, candidates(), async (t, { name, open }) => {
    const { store, bare } = await open(t)
    const refreshers = await Promise.all(
      Array.from({ length: WORKERS }, (_, worker) => refresher(store, `${worker}`))
    )
    const rotate = (worker: number): unknown => refreshers[worker]?.()
    const lines: string[][] = []
    for (const inFlight of [1, WORKERS]) {
      console.error(`rotations: ${name}, ${inFlight} in flight`)
      const [ours = [], theirs] = await interleaved(
        bare === undefined ? [rotate] : [rotate, bare], { ...rounds, inFlight }
      )
      lines.push([
        `${inFlight}`, spread(ours),
        ...(theirs === undefined ? ['-', '-'] : [spread(theirs), ratio(ours, theirs)])
      ])
    }
    return lines
  })
  return { text: text + table(['store', 'in flight', 'rotations/s', 'bare/s', 'ratio'], rows) }
}

const ratio = (ours: number[], theirs: number[]): string =>
  spread(ours.map((rate, round) => rate / (theirs[round] as number)), 2)
