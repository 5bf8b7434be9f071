import { fixed, percentile, spread } from './harness.ts'
import type { Round } from './http.ts'

/** The heads over `roundCells`. */
export const roundHeads = (rate: string): string[] => [rate, 'CPU us', 'p50 ms', 'p99 ms']

/** What rounds of requests one by one were, as cells of a table. */
export const roundCells = (rounds: Round[]): string[] => [
  spread(rounds.map(({ rate }) => rate)),
  spread(rounds.map(({ cpu }) => cpu)),
  ...(['p50', 'p99'] as const).map(name =>
    fixed(percentile(rounds.map(round => round[name] as number), 0.5), 2)
  )
]
