import { setImmediate as nextTurn } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import type { Bar } from './chart.ts'
import type { Report } from './report.ts'
import type { Scope } from './scope.ts'

/** What the command line asks for. */
export interface Settings {
  /** Tiny numbers, to see that all of it works: what they say is worth nothing. */
  quick: boolean
  /**
   * How many refreshes, sessions or logouts, if not as many as the benchmark itself has in mind.
   */
  count: number | undefined
}

/** What the default export of a benchmark's file is. */
export type Benchmark = (t: Scope, settings: Settings) => Promise<Report>

/** Does something once, for the worker of a number: each of those in flight is one. */
export type Operation = (worker: number) => unknown

/** How many are in flight, in how many rounds of how many milliseconds. */
export interface Rounds { inFlight: number, rounds: number, ms: number }

/**
 * Operations per second of each side in each round, the sides in turn: A B A B. A round of each to
 * warm up does not count.
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
 * The value that a share of the values, from 0 to 1, does not exceed.
 * @throws Error if there is none
 */
export function percentile (values: number[], share: number): number {
  if (values.length === 0) throw new Error('Nothing was measured.')
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] as number
}

/** Median with the least and the most, as a cell of a table. */
export function spread (values: number[], digits = 0): string {
  const [median, least, most] = [
    percentile(values, 0.5), Math.min(...values), Math.max(...values)
  ].map(value => fixed(value, digits))
  return `${median} (${least}-${most})`
}

/** The same as a bar of a chart. */
export const bar = (name: string, values: number[], isOurs = false): Bar => ({
  name,
  median: percentile(values, 0.5),
  least: Math.min(...values),
  most: Math.max(...values),
  isOurs
})

/** A number with so many decimals, and its thousands apart. */
export const fixed = (value: number, digits = 0): string =>
  value.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits })

/** A table in Markdown, whose columns are aligned for those who read it as it is. */
export function table (heads: string[], rows: string[][]): string {
  const widths = heads.map((head, column) =>
    Math.max(3, ...[head, ...rows.map(row => row[column] ?? '')].map(cell => cell.length))
  )
  const line = (cells: string[]): string =>
    `| ${widths.map((width, column) => (cells[column] ?? '').padEnd(width)).join(' | ')} |\n`
  return [heads, widths.map(width => '-'.repeat(width)), ...rows].map(line).join('')
}

/** Bytes of heap that are in use, garbage not counted. */
export function heapInUse (): number {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  collect()
  collect()
  return process.memoryUsage().heapUsed
}
