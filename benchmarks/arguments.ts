import { parseArgs } from 'node:util'
import type { Settings } from './harness.ts'
import { nodeBinaries } from './nodes.ts'

/** The command line. */
export interface Arguments { names: string[], settings: Settings, check: boolean }

/** Names all benchmarks that have a bound, and leaves out their other parts. */
export const BOUNDS = 'bounds'

/**
 * Reads the command line. `known` has the benchmarks, in their order, and whether each has a bound.
 * @throws Error that says what is wrong with the command line
 */
export function readArguments (args: string[], known: Map<string, boolean>): Arguments {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      count: { type: 'string' },
      node: { type: 'string' },
      quick: { type: 'boolean', default: false },
      check: { type: 'boolean', default: false }
    }
  })
  const boundsOnly = positionals.includes(BOUNDS)
  const named = positionals.filter(name => name !== BOUNDS)
  const unknown = named.find(name => !known.has(name))
  if (unknown !== undefined) throw new Error(`There is no benchmark "${unknown}".`)
  if (values.count !== undefined && !/^[1-9]\d*$/.test(values.count)) {
    throw new Error('--count must be a whole number.')
  }
  nodeBinaries(values.node)
  const all = [...known].filter(([, hasBound]) => hasBound || !boundsOnly).map(([name]) => name)
  return {
    names: named.length === 0 ? all : named,
    settings: {
      quick: values.quick,
      count: values.count === undefined ? undefined : Number(values.count),
      node: values.node,
      boundsOnly
    },
    check: values.check
  }
}
