import { setImmediate as nextTurn } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import type { Bar } from './chart.ts'
import type { Report } from './report.ts'
import type { Scope } from './scope.ts'

/** Options of the command line. */
export interface Settings {
  /** Tiny numbers, which only show that the benchmark works. */
  quick: boolean
  /** Refreshes, sessions or logouts, instead of the benchmark's default. */
  count: number | undefined
  /** The path of another Node.js. Servers run under it too. */
  node: string | undefined
  /** Leaves out the parts that have no bound. */
  boundsOnly: boolean
}

/** The default export of a benchmark's file. */
export type Benchmark = (t: Scope, settings: Settings) => Promise<Report>

/** An operation of one worker. Each worker has one operation in flight. */
export type Operation = (worker: number) => unknown

/** Operations in flight, rounds, and milliseconds of a round. */
export interface Rounds { inFlight: number, rounds: number, ms: number }

/**
 * Returns the operations per second of each side in each round. The sides alternate: A B A B. The
 * first round warms up and does not count.
 */
export async function interleaved (
  sides: Operation[], { inFlight, rounds, ms }: Rounds
): Promise<number[][]> {
  const rates: number[][] = sides.map(() => [])
  for (let round = 0; round <= rounds; round++) {
    for (const [side, operation] of sides.entries()) {
      const rate = await ratePerSecond(operation, inFlight, ms)
      if (round > 0) rates[side]?.push(rate)
      await nextTurn()
    }
  }
  return rates
}

async function ratePerSecond (operation: Operation, inFlight: number, ms: number): Promise<number> {
  const begun = performance.now()
  let done = 0
  await Promise.all(Array.from({ length: inFlight }, async (_, worker) => {
    for (; performance.now() < begun + ms; done++) await operation(worker)
  }))
  return done / (performance.now() - begun) * 1000
}

/**
 * Returns the value that a share of the values, from 0 to 1, does not exceed.
 * @throws Error if there are no values
 */
export function percentile (values: number[], share: number): number {
  if (values.length === 0) throw new Error('Nothing was measured.')
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] as number
}

export const median = (values: number[]): number => percentile(values, 0.5)

/** Returns the ratio of two sides in each round. */
export const ratios = (side: number[], other: number[]): number[] =>
  side.map((value, round) => value / (other[round] as number))

/** Median with the 10th and 90th percentile, as a cell of a table. */
export function spread (values: number[], digits = 0): string {
  const [middle, low, high] = [0.5, LOW, HIGH].map(share =>
    fixed(percentile(values, share), digits)
  )
  return `${middle} (${low}-${high})`
}

const [LOW, HIGH] = [0.1, 0.9]

/** The same as a bar of a chart. */
export const bar = (name: string, values: number[], isOurs = false): Bar => ({
  name,
  median: median(values),
  low: percentile(values, LOW),
  high: percentile(values, HIGH),
  isOurs
})

/** A number with a fixed count of decimals, and commas between thousands. */
export const fixed = (value: number, digits = 0): string =>
  value.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits })

/** A table in Markdown. The columns are aligned in the source too. */
export function table (heads: string[], rows: string[][]): string {
  const widths = heads.map((head, column) =>
    Math.max(3, ...[head, ...rows.map(row => row[column] ?? '')].map(cell => cell.length))
  )
  const line = (cells: string[]): string =>
    `| ${widths.map((width, column) => (cells[column] ?? '').padEnd(width)).join(' | ')} |\n`
  return [heads, widths.map(width => '-'.repeat(width)), ...rows].map(line).join('')
}

/** Bytes of heap in use, after garbage collection. */
export function heapInUse (): number {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  collect()
  collect()
  return process.memoryUsage().heapUsed
}
