import { randomInt } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import t from 'tap'
import { openStore } from '../../example/store.ts'
import { memoryStore } from '../../plugin/stores/memory.ts'
import type { SessionStore } from '../../plugin/stores/store.ts'
import { type Ending, createRace, inRounds, testRace } from '../fixtures/load/revocation-race.ts'
import { resurrectingStore } from '../fixtures/naive/stores.ts'
import { sharedSqlite } from '../fixtures/stores/shared-sqlite.ts'

/** The first two are the store's matter. */
const ENDINGS: Ending[] = ['logout', 'revokeUser', 'disabled, then revokeUser', 'disabled']

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

testRace(t, ENDINGS, { name: 'memory', skip: false, open: async () => distantStore() })

testRace(t, ENDINGS.slice(0, 2), {
  name: 'SQLite',
  skip: sharedSqlite.skip,
  async open (t) {
    const { store, disconnect } = await openStore(await sharedSqlite.start(t))
    t.after(disconnect)
    return store
  }
})

t.test('control: the race finds survivors on a store that revives revoked sessions', async t => {
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
