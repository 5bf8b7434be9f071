import t from 'tap'
import { cases, storeContract } from '../plugin/store-contract.ts'
import { memoryStore } from '../plugin/stores/memory.ts'
import type { SessionStore } from '../plugin/stores/store.ts'
import { forgetfulStore, forgivingStore, forkingStore, lateStore, nonAtomicStore, resurrectingStore } from './fixtures/naive-stores.ts'

t.test('the contract closes each store that it has opened, whatever came of it', async t => {
  const runs: (() => Promise<void>)[] = []
  let closed = 0
  const open = (): SessionStore => ({ ...memoryStore(), find: async () => { throw new Error('broken') }, close: async () => { closed++ } })
  storeContract({ open, test: (_name, run) => { runs.push(run) } })
  const results = await Promise.allSettled(runs.map(run => run()))
  t.equal(closed, cases.length)
  t.ok(results.some(result => result.status === 'rejected'))
})

/** Names of the facts that do not hold of a store. */
async function broken (open: () => SessionStore): Promise<string[]> {
  const failed: string[] = []
  for (const { name, run } of cases) await run(open()).catch(() => { failed.push(name) })
  return failed
}

const NAIVE: [mistake: string, open: () => SessionStore, caughtBy: string][] = [
  ['reads before it writes', nonAtomicStore, 'rotate: of 50 simultaneous presentations one creates the successor of all'],
  ['lets the session of a thief go on', forgivingStore, 'rotate: of ten rotations within one second each ancestor is known as spent'],
  ['answers a replay with a new token', forkingStore, 'rotate: the token just spent answers with the same successor until the reuse interval is over'],
  ['does what it is told too late', lateStore, 'rotate: a call that comes after its deadline throws and changes nothing'],
  ['brings an ended session back', resurrectingStore, 'revoke: wins over any refresh that runs at the same time'],
  ['forgets what it has adopted', forgetfulStore, 'sweep: keeps an adopted session until its first token has expired, so that it is adopted once only']
]

for (const [mistake, open, caughtBy] of NAIVE) {
  t.test(`a store that ${mistake} does not pass`, async t => {
    t.ok((await broken(open)).includes(caughtBy), caughtBy)
  })
}
