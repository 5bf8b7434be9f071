import t from 'tap'
import {
  bar, fixed, heapInUse, interleaved, median, percentile, ratios, spread, table
} from '../../benchmarks/harness.ts'

t.test('a percentile is one of the values', async t => {
  const hundred = Array.from({ length: 100 }, (_, index) => 100 - index)
  t.same(
    [0, 0.01, 0.5, 0.99, 0.991, 1].map(share => percentile(hundred, share)),
    [1, 1, 50, 99, 100, 100]
  )
  t.equal(hundred[0], 100, 'which stay in their order')
  t.equal(percentile([7], 0.5), 7)
  t.equal(percentile([9, 80, 700], 0.5), 80, 'by number, not by text')
})

t.test('a spread is the median with the 10th and 90th percentile', async t => {
  const ten = Array.from({ length: 10 }, (_, index) => 10 - index)
  t.equal(spread(ten), '5 (1-9)')
  t.equal(spread([3, 1, 2]), '2 (1-3)')
  t.equal(spread([1234.5678, 1000, 2000], 2), '1,234.57 (1,000.00-2,000.00)')
  t.same(bar('x', ten, true), { name: 'x', median: 5, low: 1, high: 9, isOurs: true })
  t.equal(fixed(1234567.891), '1,234,568')
  t.equal(fixed(0.5, 3), '0.500')
})

t.test('ratios are those of each round', async t => {
  t.same(ratios([3, 8], [2, 4]), [1.5, 2])
  t.equal(median(ratios([3, 8, 5], [2, 4, 5])), 1.5)
})

t.test('a table is one as Markdown, and as it is', async t => {
  t.equal(table(['name', 'x'], [['a', '1'], ['longer', '1,000'], ['SKIPPED']]),
    '| name    | x     |\n' +
    '| ------- | ----- |\n' +
    '| a       | 1     |\n' +
    '| longer  | 1,000 |\n' +
    '| SKIPPED |       |\n')
})

t.test('sides take turns, and their first round does not count', async t => {
  const turns: string[] = []
  const side = (name: string) => async (worker: number): Promise<void> => {
    if (turns.at(-1) !== name) turns.push(name)
    t.ok(worker === 0 || worker === 1)
    await new Promise(resolve => setTimeout(resolve, 1))
  }
  const rates = await interleaved([side('A'), side('B')], { inFlight: 2, rounds: 2, ms: 10 })
  t.same(turns, ['A', 'B', 'A', 'B', 'A', 'B'])
  t.same(rates.map(side => side.length), [2, 2])
  for (const rate of rates.flat()) {
    t.ok(rate > 0 && rate < 5000, `${rate}/s, of two that take a millisecond or more`)
  }
})

t.test('the heap in use is what is held, and nothing else', async t => {
  const before = heapInUse()
  const held = Array.from({ length: 1000 }, (_, index) =>
    Array.from({ length: 1000 }, () => index + 0.5)
  )
  for (let count = 0; count < 1000; count++) Array.from({ length: 1000 }, () => count + 0.5)
  const megabytes = (heapInUse() - before) / 1_000_000
  t.ok(
    megabytes > 7 && megabytes < 20, `${megabytes.toFixed(1)} MB of ${held.length * 1000} numbers`
  )
})
