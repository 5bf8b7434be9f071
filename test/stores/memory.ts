import t from 'tap'
import { storeContract } from '../../plugin/store-contract.ts'
import { memoryStore } from '../../plugin/stores/memory.ts'

storeContract({ test: (name, run) => t.test(name, run), open: memoryStore })

t.test('a memory store is not shared', async t => {
  t.equal(memoryStore().shared, false)
})
