import t from 'tap'
import { storeContract } from '../../plugin/store-contract.ts'
import { memoryStore } from '../../plugin/stores/memory.ts'
import { session } from '../../plugin/store-contract/case.ts'

storeContract({ test: (name, run) => t.test(name, run), open: memoryStore })

t.test('a memory store is not shared', async t => {
  t.equal(memoryStore().shared, false)
})

t.test('a sweep of many sessions lets others run in between, and minds what they add', async t => {
  const store = memoryStore()
  const { endsAt } = session()
  for (let index = 0; index < 12_000; index++) await store.create(session({ sid: `s${index}` }))
  let others = 0
  setImmediate(() => others++)
  const sweep = store.sweep(endsAt + 1)
  await store.create(session({ sid: 'new', expiresAt: endsAt + 10_000, endsAt: endsAt + 10_000 }))
  t.equal(await sweep, 12_000)
  t.equal(others, 1)
  t.ok(await store.find('new'))
})
