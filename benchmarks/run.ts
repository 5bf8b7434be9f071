import { parseArgs } from 'node:util'
import type { Benchmark, Settings } from './harness.ts'
import { machine } from './machine.ts'
import { figuresTable, writePage } from './page.ts'
import type { Report } from './report.ts'
import { type Scope, createScope } from './scope.ts'

/** Each is a file of its own, by its name. */
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
  'sessions-memory': () => import('./sessions-memory.ts'),
  rotations: () => import('./rotations.ts'),
  refreshes: () => import('./refreshes.ts')
}

const USAGE = `npm run bench -- [NAME...] [--count N] [--quick] [--check]

  NAME       ${Object.keys(benchmarks).join(', ')}; all of them if none is named
  --count N  refreshes, sessions or logouts instead of 1,000,000, 1,000,000 and 200
  --quick    tiny numbers, to see that all of it works
  --check    exits with 1 if a bound is missed

The tables go to stdout, the progress to stderr. A run of all of them writes benchmarks/README.md and its charts. Files are in TMPDIR, which should
be on a disk: in memory, to wait for it costs nothing.`

/** What the command line asks for, besides what each benchmark is told. */
interface Asked { names: string[], settings: Settings, check: boolean }

/** @throws Error that says what is wrong with the command line */
function readArguments (): Asked {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      count: { type: 'string' },
      quick: { type: 'boolean', default: false },
      check: { type: 'boolean', default: false }
    }
  })
  const unknown = positionals.find(name => !Object.hasOwn(benchmarks, name))
  if (unknown !== undefined) throw new Error(`There is no benchmark "${unknown}".`)
  if (values.count !== undefined && !/^[1-9]\d*$/.test(values.count)) {
    throw new Error('--count must be a whole number.')
  }
  const count = values.count === undefined ? undefined : Number(values.count)
  return {
    names: positionals.length === 0 ? Object.keys(benchmarks) : positionals,
    settings: { quick: values.quick, count },
    check: values.check
  }
}

async function run ({ names, settings, check }: Asked): Promise<void> {
  const scope = createScope()
  for (const [signal, code] of [['SIGINT', 130], ['SIGTERM', 143]] as const) {
    process.once(signal, () => { scope.end().finally(() => process.exit(code)) })
  }
  const here = machine()
  console.log(here)
  if (settings.quick) {
    console.log('With --quick: these numbers say nothing but that the benchmarks run.\n')
  }
  const isWhole = names.length === Object.keys(benchmarks).length
  const reports = new Map<string, Report>()
  for (const name of names) {
    const report = await runOne(scope, name, settings)
    reports.set(name, report)
    console.log(`## ${name}\n\n${report.text}`)
    if (report.figures !== undefined) console.log(figuresTable(report.figures))
    // After each, so that a run which is ended early leaves what it has found out.
    if (isWhole && !settings.quick) writePage('benchmarks', here, reports)
  }
  if (
    check &&
    [...reports.values()].some(({ figures = [] }) => figures.some(({ isReached }) => !isReached))
  ) {
    process.exitCode = 1
  }
}

/** One that fails says so; the others do not suffer for it, but the exit code tells. */
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
  await run(readArguments())
} catch (error) {
  console.error(`${(error as Error).message}\n\n${USAGE}`)
  process.exitCode = 1
}
