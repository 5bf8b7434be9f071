import t from 'tap'
import { cases } from '../../../plugin/store-contract.ts'
import { NOW } from '../../../plugin/store-contract/case.ts'
import { openFresh, postgresIsAt } from '../../fixtures/stores/open-postgres.ts'
import {
  rotationOf, sleepBeforeLocks, storeOfBatches, untilAsleep
} from '../../fixtures/stores/postgres-batches.ts'
import { postgresProgram, startPostgres } from '../../fixtures/servers/postgres.ts'
import { skipUnless } from '../../fixtures/servers/programs.ts'

const skip = skipUnless(postgresProgram, 'postgres')
const races = cases.filter(({ name }) => /simultaneous|at once|at most once|keeps an adopted session/.test(name))

for (const level of ['repeatable read', 'serializable']) {
  t.test(`the races of the contract pass at isolation level ${level}`, { skip }, async t => {
    const { url } = await startPostgres(t, { default_transaction_isolation: level, fsync: 'off' })
    postgresIsAt(url)

    t.test('a session that is revoked before a batch locks its row stays as it is', async t => {
      const { pool, store, sent, together } = await storeOfBatches(
        t, 'batch_', ['a', 'b'], { look: sleepBeforeLocks }
      )
      const results = Promise.all(await together(rotationOf('a'), rotationOf('b')))
      await untilAsleep(pool)
      t.equal(await store.revoke('b', NOW), true)
      t.match(await results, [
        { outcome: 'rotated' }, { outcome: 'ended', session: { jti: 't0', revokedAt: NOW } }
      ])
      t.equal(
        sent.filter(name => name === 'rotate_batch').length, 2, 'it was rolled back and sent again'
      )
    })

    for (const [index, { name, run }] of races.entries()) {
      t.test(name, async t => {
        const store = await openFresh(`race${index}`)
        t.after(() => store.close?.())
        await run(store)
      })
    }
  })
}
