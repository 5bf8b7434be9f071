import { caughtByOne } from './caught-by.ts'
import type { Mutation } from './list.ts'

const ofLimits = caughtByOne({ name: 'limits', source: 'plugin/limits', tests: 'test/limits' })
const ofHttp = caughtByOne({ name: 'http', source: 'plugin/http', tests: 'test/http' })
const ofSessions =
  caughtByOne({ name: 'sessions', source: 'plugin/sessions', tests: 'test/sessions' })

/** Checks of the refresh and login paths, and of long work beside them. */
export const pathMutations: Mutation[] = [
  ...ofLimits(
    'local-counters.ts', 'local-counters.ts',
    ['the local counters allow `max` requests', 'isExceeded: current > max', 'isExceeded: false'],
    [
      'the local counters count in the turn of the call',
      'countUpTo: max => ({ key, windowMs }) => {',
      'countUpTo: max => async ({ key, windowMs }) => {\n    await null'
    ],
    ['Retry-After is never too early', 'Math.ceil(ttl / 1000)', 'Math.floor(ttl / 1000)']
  ),
  ...ofHttp(
    'client-address.ts', 'client-address.ts',
    ['an address is normalised once', 'if (known !== undefined) return known', ''],
    ['a bounded number of addresses is kept', 'const MAX_KEPT = 1000', 'const MAX_KEPT = 1e6'],
    ['no long text is kept', 'if (ip.length > MAX_KEPT_LENGTH)', 'if (false)']
  ),
  ...ofSessions(
    'bounded-store.ts', 'bounded-store.ts',
    ['no timer waits for an answer of this turn', 'if (known !== undefined) {', 'if (false) {'],
    [
      'an answer of this turn frees its place', 'remove()\n      hasAnswered()\n      return known',
      'hasAnswered()\n      return known'
    ],
    [
      'an answer of this turn ends the suspicion',
      'remove()\n      hasAnswered()\n      return known', 'remove()\n      return known'
    ]
  )
]
