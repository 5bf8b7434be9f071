import { existsSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import t from 'tap'
import { createScope, rowsOf, scoped } from '../../benchmarks/scope.ts'

t.test('scope: runs each cleanup once, latest first, even if one throws', async t => {
  const ended: string[] = []
  const scope = createScope()
  const folder = scope.testdir()
  scope.after(() => { ended.push(`first, folder ${existsSync(folder) ? 'there' : 'gone'}`) })
  scope.after(async () => {
    await delay(5)
    ended.push('second')
  })
  const { error } = console
  t.after(() => { console.error = error })
  console.error = said => { ended.push(`said: ${said}`) }
  scope.after(() => { throw new Error('third') })
  await scope.end()
  t.same(ended, ['said: Error: third', 'second', 'first, folder there'])
  t.notOk(existsSync(folder))
  await scope.end()
  t.equal(ended.length, 3, 'once')
})

t.test('scoped: ends the inner scope, even if its work throws', async t => {
  const outer = createScope()
  const ended: string[] = []
  await t.rejects(scoped(outer, async inner => {
    inner.after(() => { ended.push('inner') })
    throw new Error('no')
  }), { message: 'no' })
  t.same(ended, ['inner'])
})

t.test('rowsOf: has a row for a skipped or failed store, and sets exit code 1', async t => {
  const { exitCode } = process
  const { error } = console
  t.after(() => { process.exitCode = exitCode; console.error = error })
  console.error = () => {}
  const items = [
    { name: 'away', skip: 'no such program' },
    { name: 'bad', skip: false as const },
    { name: 'good', skip: false as const }
  ]
  const rows = await rowsOf(createScope(), items, async (_t, { name }) => {
    if (name === 'bad') throw new Error('broken')
    return [['1'], ['2']]
  })
  t.same(rows, [
    ['away', 'SKIPPED: no such program'],
    ['bad', 'FAILED: broken'],
    ['good', '1'],
    ['good', '2']
  ])
  t.equal(process.exitCode, 1)
})
