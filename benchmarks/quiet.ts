import { readFileSync } from 'node:fs'
import { fixed } from './harness.ts'

/** CPU time since the machine started, in ticks of the kernel. */
export interface CpuTime {
  /** Of all CPUs, idle or not. */
  whole: number
  /** Of all processes. */
  busy: number
  /** That the host gave to its other guests. */
  stolen: number
  /** Of this process and of its children that have ended. */
  ours: number
}

/** How quiet the machine was. Shares are from 0 to 1. */
export interface Quiet {
  /** CPU time of other processes. */
  others: number
  stolen: number
  /** The largest difference between two equal sides. */
  apart: number
}

const MOST: Quiet = { others: 0.03, stolen: 0.01, apart: 0.05 }

/** Reads CPU times from the texts of `/proc/stat` and `/proc/self/stat`. */
export function parseCpuTime (stat: string, self: string): CpuTime {
  const [, line = ''] = /^cpu +(.*)$/m.exec(stat) ?? []
  const times = line.split(' ').map(Number)
  // The last two, of guests, are part of the first two.
  const whole = times.slice(0, 8).reduce((sum, time) => sum + time, 0)
  const [user = 0, nice = 0, system = 0] = times
  const ours = self.replace(/^.*\) /s, '').split(' ').slice(11, 15).map(Number)
  return {
    whole,
    busy: user + nice + system,
    stolen: times[7] ?? 0,
    ours: ours.reduce((sum, time) => sum + time, 0)
  }
}

/** Returns the CPU time until now, or undefined if the system does not tell. */
export function cpuTime (): CpuTime | undefined {
  try {
    const [stat, self] = ['/proc/stat', '/proc/self/stat'].map(file => readFileSync(file, 'latin1'))
    return parseCpuTime(stat as string, self as string)
  } catch {
    return undefined
  }
}

/** Returns the shares between two readings. All child processes of the run must have ended. */
export function sharesBetween (before: CpuTime, after: CpuTime): Omit<Quiet, 'apart'> {
  const whole = after.whole - before.whole || 1
  const others = after.busy - before.busy - (after.ours - before.ours)
  return { others: Math.max(0, others) / whole, stolen: (after.stolen - before.stolen) / whole }
}

/** Says in one sentence whether figures of this run can be compared. */
export function quietSentence (quiet: Quiet): string {
  const isQuiet = (Object.keys(MOST) as (keyof Quiet)[]).every(name => quiet[name] <= MOST[name])
  const percent = (share: number): string => `${fixed(share * 100, 1)} %`
  return `The machine was ${isQuiet ? 'quiet' : 'not quiet'}: other processes took ` +
    `${percent(quiet.others)} of its CPU time, its host took ${percent(quiet.stolen)}, and two ` +
    `equal sides were at most ${percent(quiet.apart)} apart.`
}
