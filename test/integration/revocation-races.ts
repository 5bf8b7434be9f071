import { randomInt } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { openStore } from '../../example/store.ts'
import { memoryStore } from '../../plugin/stores/memory.ts'
import type { SessionStore } from '../../plugin/stores/store.ts'
import { resurrectingStore } from '../fixtures/naive/stores.ts'
import { type Ending, type RaceResult, createRace } from '../fixtures/load/revocation-race.ts'
import { sharedStores } from '../fixtures/servers/store-urls.ts'

/** The first two are the store's matter. */
const ENDINGS: Ending[] = ['logout', 'revokeUser', 'disabled, then revokeUser', 'disabled']
/** Milliseconds by which the end comes after the refreshes, or before them, one for each round. */
const LAGS = [-8, -2, 0, 2, 8]

const added = (a: RaceResult, b: RaceResult): RaceResult => ({
  given: a.given + b.given,
  refused: a.refused + b.refused,
  survivors: a.survivors + b.survivors
})

async function inRounds (
  race: (how: Ending, lag: number) => Promise<RaceResult>, how: Ending
): Promise<RaceResult> {
  let total: RaceResult = { given: 0, refused: 0, survivors: 0 }
  for (const lag of LAGS) total = added(total, await race(how, lag))
  return total
}

/** As far away as a database is, by one call nearer than by another. */
function distantStore (): SessionStore {
  const store = memoryStore()
  const far =
    <Given extends unknown[], Answer>(verb: (...given: Given) => Promise<Answer>) =>
      async (...given: Given): Promise<Answer> => {
        await delay(randomInt(4))
        return verb(...given)
      }
  return {
    ...store,
    find: far(store.find),
    rotate: far(store.rotate),
    revoke: far(store.revoke),
    revokeUser: far(store.revokeUser)
  }
}

async function opened (t: Test, url: string): Promise<SessionStore> {
  const { store, disconnect } = await openStore(url)
  t.after(disconnect)
  return store
}

const stores = [
  { name: 'memory', skip: false as const, endings: ENDINGS, open: async () => distantStore() },
  ...sharedStores.map(({ name, skip, start }) => ({
    name,
    skip,
    endings: ENDINGS.slice(0, 2),
    open: async (t: Test) => opened(t, await start(t))
  }))
]

for (const { name, skip, endings, open } of stores) {
  t.test(`${name}: no pair that was given out while its session was ended is good afterwards`, { skip }, async t => {
    const race = await createRace(t, { store: await open(t) })
    for (const how of endings) {
      const { given, refused, survivors } = await inRounds(race, how)
      t.comment(`${how}: ${given} pairs were given out, ${refused} refreshes refused`)
      t.ok(given > 0 && refused > 0, `${how}: some refreshes came before the end, and some after`)
      t.equal(survivors, 0, how)
    }
  })
}

t.test('the same experiment finds survivors on a store that brings ended sessions back', async t => {
  for (const how of ENDINGS.slice(0, 3)) {
    const race = await createRace(t, { store: resurrectingStore() })
    t.ok((await inRounds(race, how)).survivors > 0, how)
  }
})

t.test('and where nobody looks the user up again', async t => {
  const { given, survivors } = await inRounds(
    await createRace(t, { store: distantStore(), findsUsers: false }), 'disabled'
  )
  t.ok(survivors > 0)
  t.equal(survivors, given)
})
