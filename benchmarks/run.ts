import { type Arguments, BOUNDS, readArguments } from './arguments.ts'
import type { Benchmark, Settings } from './harness.ts'
import { machine } from './machine.ts'
import { type RunFacts, boundsSection, writePage } from './page.ts'
import { cpuTime, quietSentence, sharesBetween } from './quiet.ts'
import type { Figure, Report } from './report.ts'
import { type Scope, createScope } from './scope.ts'

/** Each benchmark is a file with its name. */
const benchmarks: Record<string, () => Promise<{ default: Benchmark }>> = {
  protected: () => import('./protected.ts'),
  verify: () => import('./verify.ts'),
  'cache-size': () => import('./cache-size.ts'),
  refresh: () => import('./refresh.ts'),
  obtain: () => import('./obtain.ts'),
  peers: () => import('./peers.ts'),
  hashing: () => import('./hashing.ts'),
  workers: () => import('./workers.ts'),
  logout: () => import('./logout.ts'),
  fairness: () => import('./fairness.ts'),
  'event-loop': () => import('./event-loop.ts'),
  'sessions-memory': () => import('./sessions-memory.ts'),
  rotations: () => import('./rotations.ts'),
  refreshes: () => import('./refreshes.ts'),
  'store-size': () => import('./store-size.ts')
}

const WITHOUT_BOUND = ['rotations', 'store-size']

const USAGE = `npm run bench -- [NAME...] [--count N] [--node PATH] [--quick] [--check]

  NAME         ${Object.keys(benchmarks).join(', ')};
               ${BOUNDS} for the parts that have a bound; all if there is no name
  --count N    refreshes, sessions or logouts instead of 1,000,000, 1,000,000 and 200
  --node PATH  measures the guard, refreshes and logins under this Node.js too
  --quick      tiny numbers, to see that all of it works
  --check      exits with 1 if a bound is missed

The tables go to stdout, the progress to stderr. A run of all of them writes benchmarks/README.md
and its charts. Files are in TMPDIR, which should be on a disk.`

async function run ({ names, settings, check }: Arguments): Promise<void> {
  const scope = createScope()
  for (const [signal, code] of [['SIGINT', 130], ['SIGTERM', 143]] as const) {
    process.once(signal, () => { scope.end().finally(() => process.exit(code)) })
  }
  const factsOf = startFacts()
  console.log(factsOf([]).machine)
  if (settings.quick) {
    console.log('With --quick these numbers only show that the benchmarks work.\n')
  }
  const isWhole = names.length === Object.keys(benchmarks).length && !settings.boundsOnly
  const reports = new Map<string, Report>()
  const figures: Figure[] = []
  for (const name of names) {
    const report = await runOne(scope, name, settings)
    reports.set(name, report)
    figures.push(...report.figures ?? [])
    console.log(`## ${name}\n\n${report.text}`)
    // After each benchmark, so that a run that ends early leaves its results.
    if (isWhole && !settings.quick) writePage('benchmarks', factsOf(figures), reports)
  }
  if (figures.length > 0) console.log(boundsSection(figures, factsOf(figures)))
  if (check && figures.some(({ isReached }) => !isReached)) process.exitCode = 1
}

/** Starts the clocks of the run. Returns the facts until now. */
function startFacts (): (figures: Figure[]) => RunFacts {
  const [begun, before, here] = [performance.now(), cpuTime(), machine()]
  return figures => {
    const after = cpuTime()
    const apart = Math.max(0, ...figures.map(({ same }) => same?.apart ?? 0))
    return {
      command: `npm run bench${commandArguments()}`,
      minutes: Math.ceil((performance.now() - begun) / 60_000),
      node: process.version,
      machine: here,
      quiet: before && after
        ? quietSentence({ ...sharesBetween(before, after), apart })
        : 'This system does not tell whether the machine was quiet.'
    }
  }
}

/** Without the path of another Node.js, which is that of one machine. */
function commandArguments (): string {
  const args = process.argv.slice(2)
  const shown = args.map((arg, index) => args[index - 1] === '--node' ? 'PATH' : arg)
  return shown.length === 0 ? '' : ` -- ${shown.join(' ')}`
}

/** A benchmark that fails reports it, and sets the exit code. The others run. */
async function runOne (scope: Scope, name: string, settings: Settings): Promise<Report> {
  try {
    const { default: benchmark } = await (benchmarks[name] as typeof benchmarks[string])()
    return await benchmark(scope, settings)
  } catch (error) {
    console.error(`${name} failed:`, error)
    process.exitCode = 1
    return { text: `FAILED: ${(error as Error).message}\n` }
  } finally {
    await scope.end()
  }
}

try {
  const known = new Map(
    Object.keys(benchmarks).map(name => [name, !WITHOUT_BOUND.includes(name)])
  )
  await run(readArguments(process.argv.slice(2), known))
} catch (error) {
  console.error(`${(error as Error).message}\n\n${USAGE}`)
  process.exitCode = 1
}
