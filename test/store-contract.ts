import { setImmediate } from 'node:timers/promises'
import t from 'tap'
import { type StoreContract, cases, sharedCases, storeContract } from '../plugin/store-contract.ts'
import { otherProcess } from '../plugin/store-contract/processes.ts'
import { memoryStore } from '../plugin/stores/memory.ts'
import type { SessionStore } from '../plugin/stores/store.ts'
import { forkLean } from './fixtures/servers/lean-children.ts'
import {
  configuredStore, endlessTokenStore, firstExpiryStore, ownLoginsStore, refreshedOnlyStore,
  rewritingStore, sameLifetimeStore
} from './fixtures/naive/grants.ts'
import {
  busyStore, forgetfulStore, forgetsItsCallsStore, forgivingStore, forkingStore, lateEndingStore,
  lateStore, lockedStore, miscountingStore, nonAtomicStore, resurrectingStore
} from './fixtures/naive/stores.ts'
import { serveStores } from './fixtures/stores/served-store.ts'

forkLean()
const moduleNamed = (name: string): URL => new URL(`./fixtures/stores/${name}.ts`, import.meta.url)

/** The facts of the contract by their names, to be run one by one. */
function facts (contract: Omit<StoreContract, 'test'>): Map<string, () => Promise<void>> {
  const found = new Map<string, () => Promise<void>>()
  storeContract({ ...contract, test: (name, run) => { found.set(name, run) } })
  return found
}

const runFact = (contract: Omit<StoreContract, 'test'>, name: string): Promise<void> =>
  (facts(contract).get(name) as () => Promise<void>)()

const RACE = 'rotate: gives 50 simultaneous presentations one successor'
const TEN_THOUSAND =
  'revokeUser: revokes 10,000 sessions in 5 s without blocking the event loop for 50 ms'

t.test('a store that counts and that two processes share passes', async t => {
  const open = await serveStores(t)
  storeContract({
    test: (name, run) => t.test(name, run),
    open,
    module: moduleNamed('open-served')
  })
})

t.test('the facts about two processes are left out of a store that no module opens', async t => {
  const names = (given: { name: string }[]) => given.map(({ name }) => name)
  t.strictSame([...facts({ open: memoryStore }).keys()], names(cases))
  t.strictSame(
    [...facts({ open: memoryStore, module: 'x' }).keys()], names([...cases, ...sharedCases])
  )
})

t.test('the check of a store returns texts', async t => {
  const fact = 'check: returns texts and leaves no trace'
  const checked = (warnings: unknown[]) =>
    ({ open: () => ({ ...memoryStore(), check: async () => warnings as string[] }) })
  await t.resolves(runFact(checked(['a warning']), fact))
  await t.rejects(runFact(checked([{ warning: true }]), fact))
})

t.test('the contract closes each store that it has opened, even if a fact fails', async t => {
  let closed = 0
  const open = (): SessionStore => ({
    ...memoryStore(),
    find: async () => {
      throw new Error('broken')
    },
    close: async () => {
      closed++
    }
  })
  const results = await Promise.allSettled([...facts({ open }).values()].map(run => run()))
  t.equal(closed, cases.length)
  t.ok(results.some(result => result.status === 'rejected'))
})

const CODE = 'rotate: exchanges a token of a minute for one of a month, and only in that minute'

const NAIVE: [mistake: string, open: () => SessionStore, caughtBy: string][] = [
  ['reads before it writes', nonAtomicStore, RACE],
  [
    'lets the session of a thief go on', forgivingStore,
    'rotate: detects reuse of each ancestor after ten rotations in one second'
  ],
  [
    'answers a replay with a new token', forkingStore,
    'rotate: replays the same successor for a spent token within the reuse interval'
  ],
  [
    'does what it is told too late', lateStore,
    'rotate: throws after its deadline and changes nothing'
  ],
  [
    'ends sessions too late', lateEndingStore,
    'revoke and revokeUser: throw after their deadline and change nothing'
  ],
  [
    'takes a call that is sent twice for reuse', forgetsItsCallsStore,
    'rotate: treats a call that a driver sends twice as one rotation'
  ],
  [
    'brings an ended session back', resurrectingStore,
    'revoke: wins against a simultaneous refresh'
  ],
  ['lets nobody else have a turn', busyStore, TEN_THOUSAND],
  [
    'forgets what it has adopted',
    forgetfulStore,
    'sweep: keeps an adopted session until its first token expires'
  ],
  [
    'reads a counter before it writes it', miscountingStore,
    'increment: counts each of 200 simultaneous requests'
  ],
  [
    'does not know the client of a session', ownLoginsStore,
    'create and adopt: keep the client and the scope of a session, or null'
  ],
  [
    'loses the client of a session at a rotation', rewritingStore,
    'rotate: keeps the client and the scope of a session with each outcome'
  ],
  ['gives each token the lifetime of the one before', sameLifetimeStore, CODE],
  ['drops a session when its first token has expired', firstExpiryStore, CODE],
  ['takes a token until the session ends', endlessTokenStore, CODE],
  [
    'has one reuse interval for all calls', configuredStore,
    'rotate: revokes for any spent token with a reuse interval of 0, in the call alone'
  ],
  [
    'revokes only the sessions that were refreshed', refreshedOnlyStore,
    'revokeUser: revokes a session that was never rotated, with its first token'
  ]
]

for (const [mistake, open, caughtBy] of NAIVE) {
  t.test(`a store that ${mistake} does not pass`, async t => {
    await t.rejects(runFact({ open: () => open() }, caughtBy), { code: 'ERR_ASSERTION' }, caughtBy)
  })
}

t.test('a store that takes many turns to end ten thousand sessions passes', async t => {
  const store = memoryStore()
  const revokeUser: SessionStore['revokeUser'] = async (...given) => {
    for (let turn = 0; turn < 10; turn++) await setImmediate()
    return store.revokeUser(...given)
  }
  await t.resolves(runFact({ open: () => ({ ...store, revokeUser }) }, TEN_THOUSAND))
})

t.test('a store that is atomic only within a process passes for one and fails for two', async t => {
  const serve = await serveStores(t)
  const contract = {
    open: (name: string) => lockedStore(serve(name)),
    module: moduleNamed('open-locked')
  }
  await t.resolves(runFact(contract, RACE))
  for (const race of [
    'two processes: give 50 simultaneous presentations one successor, twenty times',
    'two processes: rotate once of 50 with a reuse interval of 0, and revoke the session'
  ]) {
    await t.rejects(runFact(contract, race), { code: 'ERR_ASSERTION' }, race)
  }
})

t.test('otherProcess: rejects with the error of the other process', async t => {
  const serve = await serveStores(t)
  Object.assign(serve('broken'), { find: async () => { throw new Error('broken there') } })
  const other = await otherProcess(moduleNamed('open-served'), 'broken')
  t.after(() => other.end())
  await t.rejects(other.work({ at: 0, calls: [{ verb: 'find', given: ['s'] }] }), {
    message: 'broken there'
  })
  t.strictSame(
    await other.work({ at: 0, calls: [{ verb: 'list', given: ['7', 0] }] }), [[]], 'and it goes on'
  )
})

t.test('a module that cannot open the store ends the test', async t => {
  await t.rejects(
    otherProcess('data:text/javascript,export default () => process.exit(3)', 'none'),
    { message: 'The other process exited with code 3.' }
  )
})
