import { fixed, median, spread, table } from './harness.ts'
import type { Round, Side } from './http.ts'

/** The rounds of a side, and each beside the round of the plain route, which is the first side. */
export interface Measured { name: string, rounds: Round[], more: number[], ofPlain: number[] }

export const beside = (sides: Side[], measured: Round[][]): Measured[] =>
  sides.map(({ name }, index) => {
    const [plain, rounds] = [measured[0] as Round[], measured[index] as Round[]]
    return {
      name,
      rounds,
      more: rounds.map(({ cpu }, round) => cpu - (plain[round] as Round).cpu),
      ofPlain: rounds.map(({ rate }, round) => rate / (plain[round] as Round).rate)
    }
  })

export const named = (measured: Measured[], name: string): Measured =>
  measured.find(side => side.name === name) as Measured

/** A row for each side. The columns on the right compare with the plain route of the same round. */
export const besideRows = (measured: Measured[]): string =>
  table(
    ['route', 'requests/s', 'CPU us', 'p50 ms', 'p99 ms', 'of plain', 'CPU us more'],
    measured.map(({ name, rounds, more, ofPlain }) => [
      name,
      spread(rounds.map(({ rate }) => rate)),
      spread(rounds.map(({ cpu }) => cpu), 1),
      latency(rounds.map(({ p50 }) => p50)),
      latency(rounds.map(({ p99 }) => p99)),
      spread(ofPlain, 3),
      spread(more, 1)
    ])
  )

const latency = (times: (number | undefined)[]): string =>
  times.includes(undefined) ? '-' : fixed(median(times as number[]), 2)
