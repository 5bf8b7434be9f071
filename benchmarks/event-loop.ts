import { monitorEventLoopDelay } from 'node:perf_hooks'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { newId } from '../plugin/ids.ts'
import { createRevocations } from '../plugin/sessions/revocation.ts'
import { memoryStore } from '../plugin/stores/memory.ts'
import { type Settings, fixed, heapInUse, percentile, spread, table } from './harness.ts'
import { newSession } from './new-session.ts'
import { type Report, atMost } from './report.ts'
import type { Scope } from './scope.ts'

const BOUND_MS = 10
const DAY = 86_400_000
const MINUTE = 60_000
/** Milliseconds for which turns are still measured after the work, which may leave some behind. */
const AFTERWARDS = 300
/** Milliseconds after which the monitor has begun to count. */
const WARM_UP = 20
/** Sessions that are made in one turn. */
const SLICE = 1000

/** Work on much data, made ready before it is measured. */
interface Work { name: string, prepare(): Promise<() => unknown> }

/** The turns of the event loop while something ran, in milliseconds. */
interface Turns { longest: number, delay: number, took: number }

/** The longest turn of the event loop while the plugin clears away what has expired. */
export default async function eventLoop (
  _t: Scope, { quick, count = quick ? 2000 : 500_000 }: Settings
): Promise<Report> {
  const rounds = quick ? 1 : 5
  const entries = Math.ceil(count * 1.2)
  const text = `The longest turn of the event loop, as the longest time between two callbacks of \`setImmediate\`, and the most that \`monitorEventLoopDelay\` has seen at a resolution of 1 ms. The list of revoked sessions holds ${fixed(entries)}, as after some minutes of ${fixed(entries / 6)} logouts each. Idle: the same time without work, with the same data in memory. Median (least-most) of ${rounds} rounds.\n\n`
  const works: Work[] = [
    {
      name: `a sweep of ${fixed(count)} expired sessions`,
      prepare: () => filledStore(count, 31 * DAY)
    },
    {
      name: `a sweep of ${fixed(count)} live sessions`,
      prepare: () => filledStore(count, 0)
    },
    {
      name: `a prune of ${fixed(entries)} revocations, all of them over`,
      prepare: () => filledList(entries, Infinity)
    },
    {
      name: `a prune of ${fixed(entries)} revocations, none of them over`,
      prepare: () => filledList(entries, 0)
    }
  ]
  const measured = []
  for (const { name, prepare } of works) {
    const [busy, idle]: [Turns[], Turns[]] = [[], []]
    for (let round = 0; round < rounds; round++) {
      console.error(`event-loop: ${name}, round ${round + 1} of ${rounds}`)
      const work = await prepare()
      heapInUse() // so that the garbage of the preparation is not collected in what follows
      const turns = await measure(work)
      busy.push(turns)
      idle.push(await measure(() => spin(turns.took)))
    }
    measured.push({ name, busy, idle })
  }
  const longest = (turns: Turns[]): number[] => turns.map(({ longest }) => longest)
  return {
    text: text + table(
      [
        'work', 'call took ms', 'longest turn ms', 'most delay ms', 'idle: longest turn',
        'most delay'
      ],
      measured.map(({ name, busy, idle }) => [
        name,
        spread(busy.map(({ took }) => took)),
        spread(longest(busy), 1),
        spread(busy.map(({ delay }) => delay), 1),
        spread(longest(idle), 1),
        spread(idle.map(({ delay }) => delay), 1)
      ])
    ),
    figures: measured.map(({ name, busy, idle }) =>
      atMost(
        `longest turn of the event loop in ${name} (idle: ${fixed(median(longest(idle)), 1)} ms)`,
        BOUND_MS,
        median(longest(busy)),
        value => `${fixed(value, 1)} ms`
      )
    )
  }
}

const median = (values: number[]): number => percentile(values, 0.5)

/** Sweeps a store with so many sessions, so many milliseconds after they began. */
async function filledStore (count: number, after: number): Promise<() => Promise<number>> {
  const store = memoryStore()
  const createdAt = Date.now()
  for (let number = 0; number < count; number++) {
    await store.create(newSession(`${1_000_000 + number}`, createdAt))
    if (number % SLICE === 0) await nextTurn()
  }
  return () => store.sweep(createdAt + after)
}

/** Prunes a list of so many revocations, after so many milliseconds. */
async function filledList (count: number, after: number): Promise<() => unknown> {
  const now = Date.now()
  let monotonic = 0
  const list = createRevocations({
    store: memoryStore(),
    interval: 1000,
    accessTokenLifetime: 5 * MINUTE,
    leeway: 0,
    now: () => now,
    clocks: { wall: () => now, monotonic: () => monotonic }
  })
  for (let number = 0; number < count; number++) {
    // The revocations come in over the life of an access token.
    monotonic = 5 * MINUTE * number / count
    list.add(newId(), now)
    if (number % SLICE === 0) await nextTurn()
  }
  return () => {
    monotonic += after
    return list.prune()
  }
}

/** Takes turns for some milliseconds. */
async function spin (ms: number): Promise<void> {
  for (const begun = performance.now(); performance.now() - begun < ms;) await nextTurn()
}

/** Runs something, and measures the turns until shortly after it. */
async function measure (work: () => unknown): Promise<Turns> {
  const delays = monitorEventLoopDelay({ resolution: 1 })
  let [longest, last, isOver] = [0, performance.now(), false]
  const turn = (): void => {
    const at = performance.now()
    longest = Math.max(longest, at - last)
    last = at
    if (!isOver) setImmediate(turn)
  }
  await nextTurn()
  last = performance.now()
  setImmediate(turn)
  await nextTurn()
  delays.enable()
  await spin(WARM_UP)
  const begun = performance.now()
  await work()
  const took = performance.now() - begun
  await spin(AFTERWARDS)
  isOver = true
  delays.disable()
  return { longest, delay: delays.max / 1_000_000, took }
}
