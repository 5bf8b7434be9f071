import type { Chart } from './chart.ts'

/** What a benchmark has found out. */
export interface Report {
  /** Markdown: what was done, the tables, and what is not fair about them. */
  text: string
  /** Pictures of the tables. */
  charts?: Chart[]
  /** What is compared with a bound. */
  figures?: Figure[]
}

/** A figure and its bound, both as a person reads them. */
export interface Figure { what: string, bound: string, measured: string, isReached: boolean }

/** A figure that must not be more. */
export const atMost = (
  what: string, bound: number, measured: number, say: (value: number) => string
): Figure => ({
  what,
  bound: `at most ${say(bound)}`,
  measured: say(measured),
  isReached: measured <= bound
})

/** A figure that must not be less. */
export const atLeast = (
  what: string, bound: number, measured: number, say: (value: number) => string
): Figure => ({
  what,
  bound: `at least ${say(bound)}`,
  measured: say(measured),
  isReached: measured >= bound
})
