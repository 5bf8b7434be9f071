import t from 'tap'
import { findOAuthLeaks, testOAuthLeaks } from '../fixtures/leaks/find-oauth-leaks.ts'
import { createOAuthWitness, liveOAuthLife } from '../fixtures/leaks/oauth-life.ts'
import { sharedSqlite } from '../fixtures/stores/shared-sqlite.ts'
import { dumped, dumpedMemory } from '../fixtures/stores/store-dumps.ts'

for (const variant of [dumpedMemory, dumped(sharedSqlite)]) testOAuthLeaks(t, variant)

t.test('a secret that a host logs of an app is found', async t => {
  const memory = await dumpedMemory.open(t)
  const witness = await createOAuthWitness(t, memory.store)
  witness.app.addHook('preHandler', async ({ log, body, headers }) => {
    log.debug({ authorization: headers.authorization, form: String(JSON.stringify(body)) })
  })
  const leaks = await findOAuthLeaks(witness, await liveOAuthLife(witness), memory)
  t.ok(leaks.some(leak => leak.startsWith('an access token')))
})
