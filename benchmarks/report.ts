import type { Chart } from './chart.ts'

/** The result of a benchmark. */
export interface Report {
  /** Markdown: the method, the tables, and the differences that a reader must know. */
  text: string
  charts?: Chart[]
  /** Measured values that have a bound. */
  figures?: Figure[]
}

/** How far two equal sides of the same rounds were apart. */
export interface Same {
  /** The same figure, but of two equal sides. */
  said: string
  /** Their difference, as a share of one of them. */
  apart: number
}

/** A measured value and its bound, in words. */
export interface Figure {
  what: string
  bound: string
  measured: string
  isReached: boolean
  same?: Same | undefined
  /** The version of Node.js, if not the one that runs the benchmarks. */
  node?: string | undefined
}

/** Optional members of a figure. */
export type Beside = Pick<Figure, 'same' | 'node'>

/** A figure that must not be more. */
export const atMost = (
  what: string, bound: number, measured: number, say: (value: number) => string, beside?: Beside
): Figure => ({
  what,
  bound: `at most ${say(bound)}`,
  measured: say(measured),
  isReached: measured <= bound,
  ...beside
})

/** A figure that must not be less. */
export const atLeast = (
  what: string, bound: number, measured: number, say: (value: number) => string, beside?: Beside
): Figure => ({
  what,
  bound: `at least ${say(bound)}`,
  measured: say(measured),
  isReached: measured >= bound,
  ...beside
})

/** Two equal sides, by the ratio of one to the other. */
export const sameRatio = (ratio: number, say: (value: number) => string): Same => ({
  said: say(ratio), apart: Math.abs(ratio - 1)
})
