import t from 'tap'
import { cases } from '../../../plugin/store-contract.ts'
import { openFresh, postgresIsAt } from '../../fixtures/stores/open-postgres.ts'
import { postgresProgram, startPostgres } from '../../fixtures/servers/postgres.ts'
import { skipUnless } from '../../fixtures/servers/programs.ts'

const skip = skipUnless(postgresProgram, 'postgres')
const races = cases.filter(({ name }) => /simultaneous|at once|at most once|keeps an adopted session/.test(name))

for (const level of ['repeatable read', 'serializable']) {
  t.test(`the races of the contract pass at isolation level ${level}`, { skip }, async t => {
    const { url } = await startPostgres(t, { default_transaction_isolation: level, fsync: 'off' })
    postgresIsAt(url)
    for (const [index, { name, run }] of races.entries()) {
      t.test(name, async t => {
        const store = await openFresh(`race${index}`)
        t.after(() => store.close?.())
        await run(store)
      })
    }
  })
}
