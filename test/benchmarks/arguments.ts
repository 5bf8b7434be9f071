import t from 'tap'
import { readArguments } from '../../benchmarks/arguments.ts'

const known = new Map([['one', true], ['two', false], ['three', true]])
const read = (...args: string[]) => readArguments(args, known)

t.test('readArguments: all benchmarks without a name', async t => {
  t.same(read(), {
    names: ['one', 'two', 'three'],
    settings: { quick: false, count: undefined, node: undefined, boundsOnly: false },
    check: false
  })
})

t.test('readArguments: bounds leaves out the benchmarks and parts without a bound', async t => {
  t.match(read('bounds'), { names: ['one', 'three'], settings: { boundsOnly: true } })
  t.match(read('bounds', 'three'), { names: ['three'], settings: { boundsOnly: true } })
  t.match(read('two'), { names: ['two'], settings: { boundsOnly: false } })
})

t.test('readArguments: --node must be a Node.js', async t => {
  t.match(read('--node', process.execPath, '--count', '8'), {
    settings: { node: process.execPath, count: 8 }
  })
  for (const path of ['/does/not/exist', '/bin/echo']) {
    t.throws(() => read('--node', path), { message: '--node must be the path of a Node.js.' }, path)
  }
})

t.test('readArguments: refuses unknown names and counts', async t => {
  t.throws(() => read('four'), { message: 'There is no benchmark "four".' })
  for (const count of ['0', 'many', '1.5']) t.throws(() => read('--count', count), /whole number/)
})
