import t from 'tap'
import { openStore } from '../../../example/store.ts'
import { testRace } from '../../fixtures/load/revocation-race.ts'
import { sharedRedis } from '../../fixtures/servers/store-urls.ts'

const { name, skip, start } = sharedRedis

testRace(t, ['logout', 'revokeUser'], {
  name,
  skip,
  async open (t) {
    const { store, disconnect } = await openStore(await start(t))
    t.after(disconnect)
    return store
  }
})
