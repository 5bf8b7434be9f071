import { parseArgs } from 'node:util'
import type { Benchmark, Settings } from './harness.ts'
import { machine } from './machine.ts'
import { createScope } from './scope.ts'

/** Each is a file of its own, by its name. */
const benchmarks: Record<string, () => Promise<{ default: Benchmark }>> = {
  rotations: () => import('./rotations.ts'),
  refreshes: () => import('./refreshes.ts'),
  'sessions-memory': () => import('./sessions-memory.ts'),
  logout: () => import('./logout.ts'),
  protected: () => import('./protected.ts'),
  verify: () => import('./verify.ts')
}

const USAGE = `npm run bench -- [NAME...] [--count N] [--quick]

  NAME       ${Object.keys(benchmarks).join(', ')}; all of them if none is named
  --count N  refreshes, sessions or logouts instead of 1,000,000, 1,000,000 and 200
  --quick    tiny numbers, to see that all of it works

The tables go to stdout, the progress to stderr. Files are in TMPDIR, which should be on a disk: in memory, to wait for it costs nothing.`

/** @throws Error that says what is wrong with the command line */
function readArguments (): { names: string[], settings: Settings } {
  const { values, positionals } = parseArgs({ allowPositionals: true, options: { count: { type: 'string' }, quick: { type: 'boolean', default: false } } })
  const unknown = positionals.find(name => !Object.hasOwn(benchmarks, name))
  if (unknown !== undefined) throw new Error(`There is no benchmark "${unknown}".`)
  if (values.count !== undefined && !/^[1-9]\d*$/.test(values.count)) throw new Error('--count must be a whole number.')
  const count = values.count === undefined ? undefined : Number(values.count)
  return { names: positionals.length === 0 ? Object.keys(benchmarks) : positionals, settings: { quick: values.quick, count } }
}

async function run ({ names, settings }: ReturnType<typeof readArguments>): Promise<void> {
  const scope = createScope()
  for (const [signal, code] of [['SIGINT', 130], ['SIGTERM', 143]] as const) {
    process.once(signal, () => { scope.end().finally(() => process.exit(code)) })
  }
  console.log(machine())
  if (settings.quick) console.log('With --quick: these numbers say nothing but that the benchmarks run.\n')
  for (const name of names) {
    console.log(`## ${name}\n`)
    try {
      const { default: benchmark } = await (benchmarks[name] as typeof benchmarks[string])()
      await benchmark(scope, settings)
    } catch (error) {
      console.error(`${name} failed:`, error)
      process.exitCode = 1
    }
    await scope.end()
  }
}

try {
  await run(readArguments())
} catch (error) {
  console.error(`${(error as Error).message}\n\n${USAGE}`)
  process.exitCode = 1
}
