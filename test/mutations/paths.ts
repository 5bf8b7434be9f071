import { caughtByOne } from './caught-by.ts'
import type { Mutation } from './list.ts'

const ofLimits = caughtByOne({ name: 'limits', source: 'plugin/limits', tests: 'test/limits' })

/** Checks of the refresh and login paths, and of long work beside them. */
export const pathMutations: Mutation[] = [
  ...ofLimits(
    'local-counters.ts', 'local-counters.ts',
    ['the local counters allow `max` requests', 'isExceeded: current > max', 'isExceeded: false'],
    [
      'the local counters count in the turn of the call',
      'const { current, ttl } = memory.change(key, 1, windowMs, max)',
      'await null\n    const { current, ttl } = memory.change(key, 1, windowMs, max)'
    ],
    ['Retry-After is never too early', 'Math.ceil(ttl / 1000)', 'Math.floor(ttl / 1000)']
  )
]
