import t from 'tap'
import { findLeaks, testLeaks } from '../fixtures/leaks/find-leaks.ts'
import { liveWholeLife } from '../fixtures/leaks/whole-life.ts'
import { createWitness } from '../fixtures/leaks/witness.ts'
import { sharedSqlite } from '../fixtures/stores/shared-sqlite.ts'
import { dumped, dumpedMemory } from '../fixtures/stores/store-dumps.ts'

for (const variant of [dumpedMemory, dumped(sharedSqlite)]) {
  for (const cookie of [false, true]) testLeaks(t, variant, cookie)
}

t.test('what a host logs of a login is found', async t => {
  const memory = await dumpedMemory.open(t)
  const witness = await createWitness(t, memory.store, {
    verifyCredentials: (credentials, { log, headers }) => {
      log.debug({ credentials, headers })
      return { id: 1 }
    },
    claims: (_user, request) => { request?.log.trace({ body: request.body }); return {} }
  })
  await liveWholeLife(witness, false)
  const leaks = await findLeaks(witness, memory)
  t.ok(leaks.some(leak => leak.startsWith('a password in the log')))
  t.ok(leaks.some(leak => leak.startsWith('a token in the log')))
})
