import { existsSync, readFileSync } from 'node:fs'
import t from 'tap'
import { broken, mutations } from '../mutations/list.ts'

t.test('each mutation applies once, has its own name, and names tests that exist', async t => {
  for (const mutation of mutations) {
    t.doesNotThrow(
      () => broken(mutation, readFileSync(mutation.file, 'utf8')),
      `${mutation.file}: ${mutation.check}`
    )
    for (const test of mutation.tests) t.ok(existsSync(test), test)
  }
  t.equal(
    new Set(mutations.map(({ check }) => check)).size, mutations.length, 'each by a name of its own'
  )
})
